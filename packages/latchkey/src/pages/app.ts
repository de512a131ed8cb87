/** Every page, by path. Paths stand without a slash at their end, and are found with it as well. */
import { Hono } from 'hono';
import { partsFor } from '../flows/parts.ts';
import { authenticate, couldNotRenew, RENEW_AFTER_S } from '../http/authenticate.ts';
import { clientAddressBehind, isFromHere, UNKNOWN_CLIENT } from '../http/client.ts';
import type { HeaderSource } from '../http/credential.ts';
import { isOriginAllowed, isSafe } from '../http/origin.ts';
import { isForDevelopment } from '../model/development.ts';
import { Refusal } from '../model/reasons.ts';
import type { Settings } from '../model/settings.ts';
import { speechIn } from '../texts/catalogue.ts';
import { languageFor } from '../texts/reader.ts';
import * as account from './account.ts';
import { answerAsset, assetsFrom, browserScript } from './assets.ts';
import * as changing from './change-password.ts';
import * as closing from './close-account.ts';
import * as data from './data.ts';
import { showDemo } from './demo.ts';
import { showMails } from './dev-mail.ts';
import * as devices from './devices.ts';
import { showError } from './errors.ts';
import { pageHeaders } from './frame.ts';
import { showHome, showView } from './home.ts';
import * as notMe from './not-me.ts';
import * as profile from './profile.ts';
import * as reset from './reset-password.ts';
import * as entry from './sign-in.ts';
import * as leaving from './sign-out.ts';
import * as signUp from './sign-up.ts';
import { askToSignIn, showSignedOut } from './signed-out.ts';
import { stylesheet } from './style.ts';
import * as verification from './verify-email.ts';
import type { ViewTemplates } from './view-types.ts';
import type { SignedInVisit, Site, Visit, Visitor } from './visit.ts';

// Loaded with their first request: whoever does without them waits for none of them at the start.
const emails = () => import('./change-email.ts');
const approving = () => import('./approvals.ts');
const waiting = () => import('./wait-for-approval.ts');
const choosing = () => import('./choose-sessions.ts');
const confirming = () => import('./confirm.ts');
const connections = () => import('./connections.ts');
const byMail = () => import('./mail-sign-in.ts');
const ownPasskeys = () => import('./own-passkeys.ts');
const providers = () => import('./providers.ts');
const ownSecondStep = () => import('./set-up-second-step.ts');
const secondStep = () => import('./second-step.ts');

type Methods<Visited> = {
  readonly GET: (visit: Visited) => Promise<Response>;
  readonly POST?: (visit: Visited) => Promise<Response>;
};

type PageRoute = {
  readonly path: string;
  /** Whether it is there at all; without this it is. */
  readonly isOn?: (settings: Settings) => boolean;
  /** Its form comes from another site. It changes nothing by itself. */
  readonly isPostedFromElsewhere?: true;
} & (
  | { readonly access: 'anyone'; readonly methods: Methods<Visit> }
  | { readonly access: 'signed-in'; readonly methods: Methods<SignedInVisit> }
);

/** The table of contents: who may look, and what happens where a form is sent. */
export const pageRoutes: readonly PageRoute[] = [
  { path: '/', access: 'anyone', methods: { GET: showHome } },
  { path: '/login', access: 'anyone', methods: { GET: entry.showSignIn, POST: entry.signIn } },
  {
    path: '/login/second-step',
    access: 'anyone',
    methods: {
      GET: async (visit) => (await secondStep()).showSecondStep(visit),
      POST: async (visit) => (await secondStep()).answerSecondStep(visit),
    },
  },
  {
    path: '/login/choose',
    access: 'anyone',
    isOn: isAsking,
    methods: {
      GET: async (visit) => (await choosing()).showChoice(visit),
      POST: async (visit) => (await choosing()).answerChoice(visit),
    },
  },
  {
    path: '/login/approval',
    access: 'anyone',
    isOn: isApproving,
    methods: {
      GET: async (visit) => (await waiting()).showWaiting(visit),
      POST: async (visit) => (await waiting()).answerWaiting(visit),
    },
  },
  {
    path: '/login/mail',
    access: 'anyone',
    isOn: isMailOn,
    methods: {
      GET: async (visit) => (await byMail()).showMailSignIn(visit),
      POST: async (visit) => (await byMail()).answerMailSignIn(visit),
    },
  },
  {
    path: '/login/mail/:token',
    access: 'anyone',
    isOn: isMailOn,
    methods: { GET: async (visit) => (await byMail()).takeToken(visit) },
  },
  { path: '/logout', access: 'anyone', methods: { GET: leaving.showSignOut, POST: leaving.signOut } },
  { path: '/signed-out', access: 'anyone', methods: { GET: showSignedOut } },
  { path: '/not-me', access: 'anyone', methods: { GET: notMe.showNotMe, POST: notMe.disown } },
  { path: '/not-me/:key', access: 'anyone', methods: { GET: notMe.takeKey } },
  { path: '/signup', access: 'anyone', methods: { GET: signUp.showSignUp, POST: signUp.signUp } },
  {
    path: '/verify-email',
    access: 'anyone',
    methods: { GET: verification.showVerifyOrResend, POST: verification.verifyOrResend },
  },
  { path: '/verify-email/:key', access: 'anyone', methods: { GET: verification.takeKey } },
  { path: '/password/reset', access: 'anyone', methods: { GET: reset.showRequest, POST: reset.sendRequest } },
  { path: '/password/reset/confirm', access: 'anyone', methods: { GET: reset.showConfirmation, POST: reset.confirm } },
  { path: '/password/reset/confirm/:uid/:token', access: 'anyone', methods: { GET: reset.takeSecret } },
  { path: '/account', access: 'signed-in', methods: { GET: account.showAccount } },
  {
    path: '/account/confirm',
    access: 'signed-in',
    methods: {
      GET: async (visit) => (await confirming()).showConfirm(visit),
      POST: async (visit) => (await confirming()).confirm(visit),
    },
  },
  { path: '/account/profile', access: 'signed-in', methods: { GET: profile.showProfile, POST: profile.saveProfile } },
  {
    path: '/account/email',
    access: 'signed-in',
    methods: {
      GET: async (visit) => (await emails()).showChange(visit),
      POST: async (visit) => (await emails()).change(visit),
    },
  },
  {
    path: '/account/email/confirm',
    access: 'anyone',
    methods: {
      GET: async (visit) => (await emails()).confirmation.show(visit),
      POST: async (visit) => (await emails()).confirmation.answer(visit),
    },
  },
  {
    path: '/account/email/confirm/:key',
    access: 'anyone',
    methods: { GET: async (visit) => (await emails()).confirmation.take(visit) },
  },
  {
    path: '/account/email/undo',
    access: 'anyone',
    methods: {
      GET: async (visit) => (await emails()).undo.show(visit),
      POST: async (visit) => (await emails()).undo.answer(visit),
    },
  },
  {
    path: '/account/email/undo/:key',
    access: 'anyone',
    methods: { GET: async (visit) => (await emails()).undo.take(visit) },
  },
  { path: '/account/password', access: 'signed-in', methods: { GET: changing.showChange, POST: changing.change } },
  {
    path: '/account/second-step',
    access: 'signed-in',
    methods: {
      GET: async (visit) => (await ownSecondStep()).showOwnSecondStep(visit),
      POST: async (visit) => (await ownSecondStep()).changeOwnSecondStep(visit),
    },
  },
  {
    path: '/account/passkeys',
    access: 'signed-in',
    methods: {
      GET: async (visit) => (await ownPasskeys()).showOwnPasskeys(visit),
      POST: async (visit) => (await ownPasskeys()).changeOwnPasskeys(visit),
    },
  },
  {
    path: '/account/connections',
    access: 'signed-in',
    methods: {
      GET: async (visit) => (await connections()).showConnections(visit),
      POST: async (visit) => (await connections()).changeConnections(visit),
    },
  },
  { path: '/account/devices', access: 'signed-in', methods: { GET: devices.showDevices, POST: devices.changeDevices } },
  {
    path: '/account/approvals',
    access: 'signed-in',
    isOn: isApproving,
    methods: {
      GET: async (visit) => (await approving()).showApprovals(visit),
      POST: async (visit) => (await approving()).answerApproval(visit),
    },
  },
  { path: '/account/data', access: 'signed-in', methods: { GET: data.showData } },
  { path: '/account/close', access: 'signed-in', methods: { GET: closing.showClosing, POST: closing.close } },
];

function isAsking({ sessions }: Settings): boolean {
  return sessions.whenFull === 'ask';
}

function isApproving({ sessions }: Settings): boolean {
  return sessions.whenFull === 'approve';
}

function isMailOn({ accounts }: Settings): boolean {
  return accounts.signInByMail;
}

/** Below the base path: where the recorded server's mails lead to, and the way to a provider and back. */
export const pageRoutesBelow: readonly PageRoute[] = [
  {
    path: '/social/:provider/begin',
    access: 'anyone',
    methods: { GET: async (visit) => (await providers()).begin(visit) },
  },
  {
    path: '/social/:provider/callback',
    access: 'anyone',
    isPostedFromElsewhere: true,
    methods: {
      GET: async (visit) => (await providers()).comeBack(visit),
      POST: async (visit) => (await providers()).takePost(visit),
    },
  },
  {
    path: '/registration/account-confirm-email/:key',
    access: 'anyone',
    methods: { GET: verification.showVerification, POST: verification.confirmAtPath },
  },
  {
    path: '/registration/account-email-verification-sent',
    access: 'anyone',
    methods: { GET: verification.showSent },
  },
];

type Peer = { readonly address: string | null };

export type Pages = {
  fetch(request: Request, peer: Peer): Promise<Response>;
  /** Shows the template that is for who looks. */
  view(request: Request, templates: ViewTemplates): Promise<Response>;
};

export function pagesOf(given: Omit<Site, 'assets'>): Pages {
  const { settings } = given.parts;
  const assets = assetsFrom(settings.basePath, {
    'style.css': stylesheet(settings.theme),
    'live.js': browserScript('live'),
    'waiting.js': browserScript('waiting'),
    'demo.js': browserScript('demo'),
    'passkey.js': browserScript('passkey'),
  });
  const site: Site = { ...given, assets };
  const addresses = clientAddressBehind(settings.trustedProxies);
  const app = new Hono<{ Bindings: Peer }>({ strict: false });
  const below = pageRoutesBelow.map((route) => ({ ...route, path: settings.basePath + route.path }));
  for (const route of [...pageRoutes, ...below]) {
    if (route.isOn?.(settings) === false) continue;
    app.all(route.path, async (context) => {
      const { raw } = context.req;
      const client = addresses.of(context.env?.address ?? null, raw.headers);
      const params = context.req.param() as Readonly<Record<string, string>>;
      const isFromElsewhere = route.isPostedFromElsewhere === true;
      return await visited(site, raw, { ...client, params, isFromElsewhere }, (visit) => serve(visit, route));
    });
  }
  const mountHere = (path: string, show: (visit: Visit) => Promise<Response>): void => {
    app.get(path, async ({ req: { raw }, env }) =>
      isFromHere(env?.address ?? null, raw) ? await visited(site, raw, NOWHERE, show) : await notFound(site, raw),
    );
  };
  if (isForDevelopment(settings)) mountHere('/demo', showDemo);
  const { keptMails } = site;
  if (keptMails !== null) mountHere('/dev/mail', async (visit) => await showMails(visit, await keptMails()));
  app.get(`${settings.basePath}/assets/:name`, (context) => {
    const asset = assets.at(context.req.path);
    return asset === null ? notFound(site, context.req.raw) : answerAsset(asset);
  });
  app.notFound((context) => notFound(site, context.req.raw));
  return {
    fetch: async (request, peer) => await app.fetch(request, peer),
    view: (request, templates) => visited(site, request, NOWHERE, (visit) => showView(visit, templates)),
  };
}

type Found = Pick<Visit, 'address' | 'network' | 'params'> & {
  /** Whether another site may send the request. */
  readonly isFromElsewhere?: boolean;
};

const NOWHERE = { ...UNKNOWN_CLIENT, params: {} };

async function notFound(site: Site, request: Request): Promise<Response> {
  return await showError(await blankVisit(site, request, NOWHERE), new Refusal('not_found'));
}

/** Whatever goes wrong is answered as a page, without asking the store who looks. */
async function visited(
  site: Site,
  request: Request,
  found: Found,
  work: (visit: Visit) => Promise<Response>,
): Promise<Response> {
  const { isFromElsewhere = false, ...client } = found;
  const blank = await blankVisit(site, request, client);
  try {
    const isOurs =
      isFromElsewhere ||
      isSafe(request.method, request.headers) ||
      isOriginAllowed(site.parts.settings, request.headers);
    if (!isOurs) throw new Refusal('origin_not_allowed');
    return await work(await identified(blank));
  } catch (error) {
    return await showError(blank, error);
  }
}

async function blankVisit(site: Site, request: Request, found: Omit<Found, 'isFromElsewhere'>): Promise<Visit> {
  const language = languageFor(request.headers.get('accept-language'));
  return {
    ...found,
    site,
    request,
    parts: partsFor(site.parts, language),
    url: new URL(request.url),
    speech: await speechIn(language),
    authenticated: { live: false, refusal: { kind: 'missing' } },
    visitor: null,
  };
}

/** Pages are for browsers, which sign in by cookie. */
async function identified(visit: Visit): Promise<Visit> {
  const { request, parts } = visit;
  const headers: HeaderSource = {
    get: (name) => (name.toLowerCase() === 'authorization' ? null : request.headers.get(name)),
  };
  const { method, url } = request;
  const authenticated = await authenticate(parts, { method, url, headers });
  if (!authenticated.live) return { ...visit, authenticated };
  const { session, now } = authenticated.checked;
  const record = await parts.store.accounts.find(session.accountId);
  const visitor: Visitor | null =
    record === null ? null : { who: { session, now, via: 'cookie' }, account: record.account };
  return { ...visit, authenticated, visitor };
}

async function serve(visit: Visit, route: PageRoute): Promise<Response> {
  const { visitor, request } = visit;
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const Allow = route.methods.POST === undefined ? 'GET, HEAD, OPTIONS' : 'GET, POST, HEAD, OPTIONS';
  if (method === 'OPTIONS') return new Response(null, { headers: { ...pageHeaders(visit.parts.settings), Allow } });
  const isAllowed = method === 'GET' || (method === 'POST' && route.methods.POST !== undefined);
  if (!isAllowed) return await showError(visit, new Refusal('method_not_allowed'), { Allow });
  if (route.access === 'anyone') return await dispatch(route.methods[method], visit);
  // Who is signed in is not asked to sign in because their browser could not reach us a moment ago.
  if (couldNotRenew(visit.authenticated)) throw new Refusal('busy', { retryAfterSeconds: RENEW_AFTER_S });
  if (visitor === null) return await askToSignIn(visit);
  const signedIn: SignedInVisit = { ...visit, visitor };
  try {
    return await dispatch(route.methods[method], signedIn);
  } catch (error) {
    if (error instanceof Refusal && error.code === 'reauthentication_required')
      return (await confirming()).toConfirm(signedIn);
    throw error;
  }
}

async function dispatch<Visited>(
  handler: ((visit: Visited) => Promise<Response>) | undefined,
  visit: Visited,
): Promise<Response> {
  if (handler === undefined) throw new Error('A method was found and has no handler.');
  return await handler(visit);
}
