import { type Assembled, assemble, type CodeOptions, type Running, siteOf } from './assemble.ts';
import { codeFlaws } from './code-options.ts';
import type { DataOptions } from './config.ts';
import { mustBe } from './face-inputs.ts';
import { accountsFace, sessionsFace } from './faces.ts';
import type { OperatorAccount } from './flows/administer.ts';
import type { Invitation } from './flows/invite.ts';
import type { Parts } from './flows/parts.ts';
import { baseHeaders, speechFor } from './http/answers.ts';
import { apiApp, type Peer } from './http/app.ts';
import {
  type Asked,
  type Authenticated,
  authenticateAnew,
  type CredentialRefusal,
  codeOfRefusal,
  graceFor,
  refuseCredential,
  rememberedBy,
} from './http/authenticate.ts';
import type { HeaderSource } from './http/credential.ts';
import type { StandardSchema } from './http/extra-fields.ts';
import { drfTokenRoute } from './http/routes.ts';
import { openMail } from './jobs/outbox.ts';
import type { Mail } from './mail/message.ts';
import { metricsText } from './metrics.ts';
import type { Account, AccountId, SessionId } from './model/account.ts';
import { isForDevelopment } from './model/development.ts';
import type { Code } from './model/reasons.ts';
import type { Session } from './model/session.ts';
import type { Settings } from './model/settings.ts';
import type { Pages } from './pages/app.ts';
import type { PageTemplates } from './pages/templates.ts';
import type { ViewTemplates } from './pages/view-types.ts';
import { resolveSettings } from './resolve-settings.ts';
import type { Grace } from './sessions/grace.ts';
import type { EndingNotice } from './stores/store.ts';
import type { Speech } from './texts/catalogue.ts';

export type LatchkeyOptions = DataOptions &
  CodeOptions & {
    /** Checks extra fields of registration and profile, by any library that speaks Standard Schema (zod, valibot, …). */
    readonly fields?: StandardSchema;
    /** Pages in the host's own way, by name: a template gets a view and returns content made by `html`, or text. */
    readonly pageTemplates?: PageTemplates;
    /** What stands at `/`, by who looks. Where it is given, `serves('/')` is true. */
    readonly views?: { readonly home: ViewTemplates };
  };

/** Somebody is signed in. It may be the same object at the next check of the same session. */
export type SignedIn = {
  readonly signedIn: true;
  readonly session: Session;
  /** What the account is allowed, as of this check. Its name and address are in `accounts.find`. */
  readonly account: { readonly id: AccountId; readonly roles: readonly string[] };
  /** Fires when the session ends, on whatever node, for whatever reason: for streams and sockets that outlive the check. */
  readonly signal: AbortSignal;
  /**
   * For a client whose key is bound: what its next proof is to have in it. Send it along as `DPoP-Nonce`; null where that need not be.
   */
  readonly dpopNonce: string | null;
};

/** Nobody is, or not any more. */
export type SignedOut = {
  readonly signedIn: false;
  /** Why: `session_displaced`, `session_expired`, `not_authenticated` and so on. */
  readonly code: Code;
  /** The answer that clients know: 401, `WWW-Authenticate` and the reason. */
  respond(): Response;
  /**
   * A device that was displaced a moment ago, for hosts that let it finish what it was at: where the call asked for it (`grace`), within
   * `sessions.graceSeconds`. null otherwise.
   */
  readonly grace: Grace | null;
};

export type AccountInput = Pick<OperatorAccount, 'username'> & Partial<OperatorAccount>;

export type Latchkey = {
  /**
   * Answers a request to the API or to a page. `address` is the other end of the connection, as the runtime knows it: attempts are counted
   * by it. Anything else is answered by 404.
   */
  handler(request: Request, peer?: Peer): Promise<Response>;
  /** Whether a path is one of ours, for hosts that have others. */
  serves(pathname: string): boolean;
  /**
   * Who is behind a request? Where only headers are given, a cookie counts as if the request changed something, and a bound key is
   * refused (`dpop_request_unknown`): its proof is of a method and a URL. With `grace`, a device that was displaced a moment ago is
   * signed out as ever, and what it may finish is told beside that.
   */
  authenticate(
    from: Request | NodeRequest | HeaderSource | NodeHeaders,
    options?: { readonly grace?: boolean },
  ): Promise<SignedIn | SignedOut>;
  readonly accounts: {
    /** Throws `Refusal` with messages under `fields`. */
    create(account: AccountInput): Promise<Account>;
    find(id: AccountId): Promise<Account | null>;
    findByUsername(username: string): Promise<Account | null>;
    /** The account that verified the address, or those that named it. */
    findByEmail(email: string): Promise<readonly Account[]>;
    /** In the order of their numbers, at most 1000 after `after`. */
    list(page?: { readonly after?: AccountId; readonly limit?: number }): Promise<readonly Account[]>;
    suspend(id: AccountId): Promise<Account | null>;
    reactivate(id: AccountId): Promise<Account | null>;
    setRoles(id: AccountId, roles: readonly string[]): Promise<Account | null>;
    resetSecondStep(id: AccountId): Promise<number | null>;
    /**
     * A secret for one sign-up, mailed where an address is given, which it proves. Throws the `Refusal` `registration_closed`
     * where nobody can sign up.
     */
    invite(to?: { readonly email?: string; readonly roles?: readonly string[] }): Promise<Invitation>;
  };
  readonly sessions: {
    /** The account's live sessions, the newest first. */
    list(accountId: AccountId): Promise<readonly Session[]>;
    /** Ends one; false where it is not the account's. */
    end(accountId: AccountId, sessionId: SessionId): Promise<boolean>;
    /** Ends all of an account, and stops sign-ins that are under way. How many ended; null when there is no such account. */
    endAll(accountId: AccountId): Promise<number | null>;
    /** Brings a Django REST framework key along as a session of an unknown device; brought along again, it is that session. null for what is no key or no account, or whose session is over. */
    importKey(accountId: AccountId, key: string, options?: { readonly isFresh?: boolean }): Promise<Session | null>;
    /** Refuses a refresh token of simplejwt's that was blacklisted before the move, by its `jti`, until it is over. */
    blacklistToken(jti: string, expiresAt: Date): Promise<void>;
    /** Calls back for every session that ends from now on, on whatever node. Returns how to stop it. */
    onEnded(listener: (ending: EndingNotice) => void): () => void;
  };
  /** A page of the host's that looks different to different people, in the frame of our own pages and by their rules. */
  view(request: Request, templates: ViewTemplates): Promise<Response>;
  /** This node's figures, as Prometheus reads them. Answer with them only to whom they concern. */
  metrics(): string;
  /** Sends what waits in the outbox and finishes what outlived its request. */
  settle(): Promise<void>;
  close(): Promise<void>;
};

/** The headers of a `node:http` request. */
export type NodeHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** A `node:http` request itself, as Express and others hand it on. */
export type NodeRequest = {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  /** What Express calls the URL that came, where it is mounted below a path. */
  readonly originalUrl?: string | undefined;
  readonly headers: NodeHeaders;
};

/** Opens the store, checks the settings and is ready to serve. Throws `InvalidSettings` with everything that is wrong. */
export async function latchkey(options: LatchkeyOptions = {}): Promise<Latchkey> {
  const { auth, assembled } = await open(options, { environment: process.env, role: 'node' });
  try {
    await assembled.announce();
  } catch (error) {
    await auth.close();
    throw error;
  }
  return auth;
}

export type Opened = { readonly auth: Latchkey; readonly assembled: Assembled };

/** As `latchkey`, for the server, the command line and the tests, which need the parts too. */
export async function open(options: LatchkeyOptions, running: Running): Promise<Opened> {
  const { hooks, onEvent, mailTemplates, sendMail, log, clock, postgresPool, fields, pageTemplates, views, ...data } =
    options;
  const given: CodeOptions = {
    ...(hooks !== undefined && { hooks }),
    ...(onEvent !== undefined && { onEvent }),
    ...(mailTemplates !== undefined && { mailTemplates }),
    ...(sendMail !== undefined && { sendMail }),
    ...(log !== undefined && { log }),
    ...(clock !== undefined && { clock }),
    ...(postgresPool !== undefined && { postgresPool }),
  };
  const database = postgresPool === undefined ? {} : { database: IN_POOL };
  const resolved = resolveSettings({ ...data, ...database }, running.environment, codeFlaws(options));
  const assembled = await assemble(resolved, given, running.role);
  const code = { fields: fields ?? null, pageTemplates: pageTemplates ?? {}, home: views?.home ?? null };
  const pages = pagesOnDemand(assembled, code);
  const app = apiOf(assembled, code, pages);
  const { parts } = assembled;
  const warnOfNoAddress = addressWarning(assembled);
  return {
    assembled,
    auth: {
      async handler(request, peer = NO_PEER) {
        warnOfNoAddress(peer.address);
        return await app.fetch(request, peer);
      },
      serves: servesFor(parts.settings, code.home !== null),
      view: async (request, templates) => await (await pages()).view(request, templates),
      authenticate: (from, { grace = false } = {}) => authenticateFrom(parts, from, grace),
      accounts: accountsFace(parts),
      sessions: sessionsFace(parts),
      metrics: () => metricsText(parts),
      async settle() {
        await assembled.settle();
        await assembled.outbox?.drain();
      },
      close: () => assembled.close(),
    },
  };
}

/** Where the database is, its pool knows. */
const IN_POOL = 'postgres://pool';

const NO_PEER = { address: null };

/** Without addresses nobody is counted by network: an operator must hear of that, once. */
function addressWarning({ parts, log }: Assembled): (address: string | null) => void {
  let isTold = parts.settings.attempts === 'off';
  return (address) => {
    if (isTold || address !== null) return;
    isTold = true;
    log.warn(
      {},
      'Requests come without an address: attempts are counted by account alone. Give `handler` the address at the other end of the connection.',
    );
  };
}

/** What the host gave for pages and forms. */
type Given = {
  readonly fields: StandardSchema | null;
  readonly pageTemplates: PageTemplates;
  readonly home: ViewTemplates | null;
};

/** The pages are loaded when somebody first looks at one. */
function pagesOnDemand(assembled: Assembled, { fields, pageTemplates, home }: Given): () => Promise<Pages> {
  const { parts, outbox } = assembled;
  const isKept = outbox === null && isForDevelopment(parts.settings);
  let loaded: Promise<Pages> | null = null;
  const load = async (): Promise<Pages> => {
    const { pagesOf } = await import('./pages/app.ts');
    const keptMails = isKept ? () => readKeptMails(assembled) : null;
    const name = siteOf(parts.settings);
    return pagesOf({ parts, name, templates: pageTemplates, home, fields, keptMails, report: reporter(assembled) });
  };
  return () => {
    loaded ??= load();
    return loaded;
  };
}

function apiOf(assembled: Assembled, { fields }: Given, pages: () => Promise<Pages>) {
  const app = apiApp({ parts: assembled.parts, fields, report: reporter(assembled) });
  app.notFound(async (context) => await (await pages()).fetch(context.req.raw, context.env));
  return app;
}

function reporter({ parts, log }: Assembled): (error: unknown, request: Request) => void {
  return (error, request) => {
    log.error({ err: error, method: request.method, path: pathOf(parts.settings, request) }, 'a request failed');
  };
}

async function readKeptMails({ parts, log, templates }: Assembled): Promise<readonly Mail[]> {
  const { settings, store, keys } = parts;
  const entries = await store.outbox.page(MAILS_SHOWN);
  const mails = entries.map(async (entry) => {
    try {
      return await openMail({ keys, site: siteOf(settings), templates }, entry);
    } catch (error) {
      // Sealed with a secret that was changed since: it hides no other.
      log.warn({ err: error, outbox: entry.id }, 'a kept mail cannot be shown');
      return null;
    }
  });
  return (await Promise.all(mails)).filter((mail) => mail !== null);
}

const PLACES = [
  '/login/',
  '/logout/',
  '/signup/',
  '/signed-out/',
  '/not-me/',
  '/verify-email/',
  '/password/reset/',
  '/account/',
];

const DEVELOPMENT_PLACES = ['/dev/mail/', '/demo/'];

function servesFor(settings: Settings, hasHome: boolean): (pathname: string) => boolean {
  const places = [
    ...PLACES,
    `${settings.basePath}/`,
    ...(drfTokenRoute.isOn?.(settings) !== false ? [drfTokenRoute.path] : []),
    ...(isForDevelopment(settings) ? DEVELOPMENT_PLACES : []),
  ];
  return (pathname) => {
    const path = pathname.endsWith('/') ? pathname : `${pathname}/`;
    return path === '/' ? hasHome : places.some((place) => path.startsWith(place));
  };
}

const MAILS_SHOWN = 100;

/** A path for the log, without the secrets that mailed links carry in theirs. */
function pathOf(settings: Settings, request: Request): string {
  const { pathname } = new URL(request.url);
  const secretPaths = [
    `${settings.basePath}/registration/account-confirm-email/`,
    '/password/reset/confirm/',
    '/verify-email/',
    '/login/mail/',
    '/account/email/confirm/',
    '/account/email/undo/',
    '/not-me/',
  ];
  const secret = secretPaths.find((path) => pathname.startsWith(path) && pathname !== path);
  return secret === undefined ? pathname : `${secret}…`;
}

type From = Request | NodeRequest | HeaderSource | NodeHeaders;

/** Without a step in between where the answer is known at once. */
function authenticateFrom(parts: Parts, from: From, asksForGrace: boolean): Promise<SignedIn | SignedOut> {
  try {
    mustBe('flag', 'authenticate', 'grace', asksForGrace);
    const known = parts.memory.isInUse ? rememberedBy(parts, authorizationIn(from)) : null;
    if (known !== null) return known.answer;
    const headers = headersOf(from);
    const asked = { method: methodOf(from), url: urlOf(from), headers };
    const who = authenticateAnew(parts, asked);
    if (who instanceof Promise) return who.then((read) => faceOf(parts, read, asked, asksForGrace));
    return faceOf(parts, who, asked, asksForGrace);
  } catch (error) {
    return Promise.reject(error);
  }
}

async function faceOf(
  parts: Parts,
  who: Authenticated,
  asked: Asked,
  asksForGrace: boolean,
): Promise<SignedIn | SignedOut> {
  if (who.live) return who.nonce === null ? who.checked : who.checked.withNonce(who.nonce);
  const { settings } = parts;
  const grace = asksForGrace ? await graceFor(parts, asked, who) : null;
  return new Refused(settings, who.refusal, await speechFor(settings, asked.headers.get('accept-language')), grace);
}

function authorizationIn(from: From): string | null {
  // A record of headers is what a busy server hands over: it is told by its member, and at once.
  const given = (from as NodeHeaders).authorization;
  if (typeof given === 'string') return given;
  const headers = from instanceof Request || isNodeRequest(from) ? from.headers : from;
  if (typeof headers.get === 'function') return (headers as HeaderSource).get('authorization');
  const { authorization } = headers as NodeHeaders;
  return typeof authorization === 'string' ? authorization : null;
}

function headersOf(from: From): HeaderSource {
  if (from instanceof Request) return from.headers;
  return headerSource(isNodeRequest(from) ? from.headers : from);
}

/** Where only headers were given, as of a request that changes something. */
function methodOf(from: From): string {
  if (from instanceof Request) return from.method;
  return isNodeRequest(from) ? (from.method ?? 'POST') : 'POST';
}

/** Of headers alone it is not known; a node request must tell its method, too. */
function urlOf(from: From): string | null {
  if (from instanceof Request) return from.url;
  if (!isNodeRequest(from) || from.method === undefined) return null;
  return from.originalUrl ?? from.url ?? null;
}

/** In a record of headers, one of the name `headers` would be text. */
function isNodeRequest(from: NodeRequest | HeaderSource | NodeHeaders): from is NodeRequest {
  return 'headers' in from && typeof from.headers === 'object' && !Array.isArray(from.headers);
}

function headerSource(from: HeaderSource | NodeHeaders): HeaderSource {
  return typeof from.get === 'function' ? (from as HeaderSource) : new RecordedHeaders(from as NodeHeaders);
}

class RecordedHeaders implements HeaderSource {
  readonly #record: NodeHeaders;

  constructor(record: NodeHeaders) {
    this.#record = record;
  }

  get(name: string): string | null {
    const value = this.#record[name];
    if (typeof value === 'string') return value;
    return value === undefined ? null : value.join(', ');
  }
}

/** A class, so that what is seldom asked for costs a check nothing. */
class Refused implements SignedOut {
  readonly signedIn = false;
  readonly #settings: Settings;
  readonly #refusal: CredentialRefusal;
  readonly #speech: Speech | null;
  readonly grace: Grace | null;

  constructor(settings: Settings, refusal: CredentialRefusal, speech: Speech | null, grace: Grace | null) {
    this.#settings = settings;
    this.#refusal = refusal;
    this.#speech = speech;
    this.grace = grace;
  }

  get code(): Code {
    return codeOfRefusal(this.#refusal);
  }

  respond(): Response {
    const settings = this.#settings;
    return refuseCredential({ settings, headers: baseHeaders(settings), speech: this.#speech }, this.#refusal);
  }
}
