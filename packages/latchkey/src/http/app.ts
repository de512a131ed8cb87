/** The API as a function from a request to an answer. The order of the steps is the recorded server's. */
import { Hono } from 'hono';
import { takeOne } from '../flows/attempts.ts';
import { type Parts, partsFor } from '../flows/parts.ts';
import { type Flaws, invalidInput } from '../model/reasons.ts';
import { request as texts } from '../texts/api.ts';
import { languageFor } from '../texts/reader.ts';
import { answerError, baseHeaders, empty, json, type Manner, nonceHeader, refuse, speechFor } from './answers.ts';
import {
  type Authenticated,
  authenticate,
  type CredentialRefusal,
  refuseCredential,
  refusedIn,
  withheldIn,
} from './authenticate.ts';
import { type ParsedBody, readBody, UnreadableBody } from './body.ts';
import type { Call, Method, Route, StartStream, Who } from './call.ts';
import { callerOf, clientOf } from './caller.ts';
import { clientAddressBehind } from './client.ts';
import { deviceCookieName, readCookie } from './cookies.ts';
import { corsHeaders, isPreflight, preflightHeaders } from './cors.ts';
import { extraFieldsIn, type StandardSchema } from './extra-fields.ts';
import { checkFields, describeField, type Field, type Values } from './fields.ts';
import { isAcceptable, isKnownFormat, JSON_AND_HTML } from './negotiate.ts';
import { isOriginAllowed, isSafe } from './origin.ts';
import { drfTokenRoute, routes } from './routes.ts';
import { keyShownAtSignIn } from './sign-in-proof.ts';

export type AppOptions = {
  readonly parts: Parts;
  /** Checks the host's extra fields of registration and profile, or null. */
  readonly fields: StandardSchema | null;
  /** Hears of what should not have happened. */
  readonly report: (error: unknown, request: Request) => void;
};

/** What the runtime knows of a request beside the request. */
export type Peer = {
  /** The address at the other end of the connection, or null where the host does not say. */
  readonly address: string | null;
  /**
   * Takes a stream over: the answer then is its head, without a body, and the host begins the stream once that was sent. For
   * hosts that can hold many at less cost than a `Response` each.
   */
  readonly hold?: (start: StartStream) => void;
};

type Env = { Bindings: Peer };

const EMPTY_BODY: ParsedBody = { isForm: false, get: () => undefined, rest: () => ({}) };

export function apiApp(options: AppOptions): Hono<Env> {
  const { settings } = options.parts;
  const app = new Hono<Env>({ strict: false });
  const addresses = clientAddressBehind(settings.trustedProxies);
  const mount = (path: string, route: Route): void => {
    if (route.isOn?.(settings) === false) return;
    const served = serve(options, route);
    // Not strict, and without the slash at the end: a path is then found with it and without.
    // A number is nothing but digits: anything else is another path.
    app.all(path.replace(/\/$/, '').replace(':number', ':number{[0-9]+}'), (context) => {
      const { raw } = context.req;
      const client = addresses.of(context.env?.address ?? null, raw.headers);
      const hold = context.env?.hold ?? null;
      return served({ request: raw, ...client, hold, params: context.req.param() as Readonly<Record<string, string>> });
    });
  };
  for (const route of routes) mount(settings.basePath + route.path, route);
  mount(drfTokenRoute.path, drfTokenRoute);
  return app;
}

type Incoming = Pick<Call, 'request' | 'address' | 'network' | 'hold' | 'params'>;

/** Serves one row of the table: what does not depend on the request is worked out here, once. */
function serve(options: AppOptions, route: Route): (incoming: Incoming) => Promise<Response> {
  const { parts } = options;
  const { settings } = parts;
  const base = { ...baseHeaders(settings), Allow: route.allow };
  const fields = route.fields(settings);
  const renders = route.renders ?? JSON_AND_HTML;
  const isFollowing = route.access === 'following';
  const checker = isFollowing ? { ...parts, touches: UNTOUCHED } : parts;
  const description = describe(route, fields, renders);

  /** What is looked at before anybody's credential: may this be asked at all? null where it may. */
  const refuseUnasked = (request: Request, manner: Manner): Response | null => {
    if (isPreflight(request)) return empty(204, { ...manner.headers, ...preflightHeaders(route.allow) });
    if (!isKnownFormat(formatOf(request.url))) return refuse(manner, { code: 'not_found' });
    const isTaken = isAcceptable(request.headers.get('accept'), renders);
    if (!isTaken) return refuse(manner, { code: 'not_acceptable' });
    const isOurs = isSafe(request.method, request.headers) || isOriginAllowed(settings, request.headers);
    return isOurs ? null : refuse(manner, { code: 'origin_not_allowed' });
  };

  const answer = async (incoming: Incoming, manner: Manner): Promise<Response> => {
    const { request, network } = incoming;
    const refused = refuseUnasked(request, manner);
    if (refused !== null) return refused;
    const { method, url } = request;
    const asked = { method, url, headers: request.headers, ...(isFollowing && { countsAs: 'POST' }) };
    const authenticated = route.access === 'by-key' ? NOBODY : await authenticate(checker, asked);
    if (!authenticated.live && !isLetIn(route, authenticated.refusal)) {
      return refuseCredential(manner, authenticated.refusal);
    }
    const who = whoOf(authenticated);
    if (route.isThrottled) await throttle(parts, who, network);
    const headers = authenticated.live ? { ...manner.headers, ...nonceHeader(authenticated.nonce) } : manner.headers;
    if (request.method === 'OPTIONS') return json(200, description, headers);
    return await handle(options, route, fields, { ...incoming, ...manner, headers, who, authenticated });
  };

  return async (incoming) => {
    const { request } = incoming;
    const headers = { ...base, ...corsHeaders(settings, request.headers.get('origin')) };
    const speech = await speechFor(settings, request.headers.get('accept-language'));
    const manner = { settings, headers, speech };
    const response = await answer(incoming, manner).catch((error: unknown) =>
      answerError(manner, error, {
        method: request.method,
        report: (problem) => options.report(problem, request),
      }),
    );
    return request.method === 'HEAD' ? new Response(null, response) : response;
  };
}

const UNTOUCHED = { add: () => undefined, flush: async () => undefined };

const NOBODY: Authenticated = { live: false, refusal: { kind: 'missing' } };

/** Which credentials that are no good does a route take all the same? */
function isLetIn(route: Route, refusal: CredentialRefusal): boolean {
  if (route.access !== 'following') return route.access !== 'signed-in';
  return refusal.kind === 'dead' && refusal.refused.sessionId !== null;
}

function whoOf(authenticated: Authenticated): Who | null {
  if (!authenticated.live) return null;
  const { checked, via } = authenticated;
  return { session: checked.session, now: checked.now, via };
}

/** The recorded server's one throttle, where the settings ask for it: by account, else by network. */
async function throttle(parts: Parts, who: Who | null, network: string | null): Promise<void> {
  const rate = parts.settings.wire.throttle;
  const whose = who === null ? network : `account ${who.session.accountId}`;
  if (rate !== null && whose !== null) await takeOne(parts, 'throttle', whose, rate);
}

type Fields = ReturnType<Route['fields']>;

async function handle(
  options: AppOptions,
  route: Route,
  fields: Fields,
  call: Incoming & { readonly who: Who | null; readonly authenticated: Authenticated } & Manner,
): Promise<Response> {
  const { parts } = options;
  const { request, who } = call;
  const isHead = request.method === 'HEAD' && route.access !== 'following';
  const method = (isHead ? 'GET' : request.method) as Method;
  if (route.methods[method] === undefined) {
    const detail = texts.methodNotAllowed(request.method);
    return refuse(call, { code: 'method_not_allowed', detail });
  }
  const read = await readFields(fields[method] ?? null, request, method);
  if ('unreadable' in read) return answerUnreadable(call, read.unreadable);
  if ('flaws' in read) throw invalidInput(read.flaws);

  const cookie = readCookie(request.headers.get('cookie'), deviceCookieName(parts.settings));
  const deviceTokens = request.headers.get('latchkey-device') ?? cookie;
  const full: Call = {
    ...call,
    parts: method === 'GET' ? parts : partsFor(parts, languageFor(request.headers.get('accept-language'))),
    refused: refusedIn(call.authenticated),
    withheld: withheldIn(call.authenticated),
    deviceTokens,
    values: read.values,
    body: read.body,
    caller: async () => {
      const cookie = readCookie(request.headers.get('cookie'), deviceCookieName(parts.settings));
      const deviceTokens = request.headers.get('latchkey-device') ?? cookie;
      const client = clientOf(parts.settings, request.headers);
      const binding = await keyShownAtSignIn(parts, call);
      return await callerOf(parts, call, { deviceTokens, client, binding });
    },
    extra: (current) => extraFieldsIn(options.fields, read.body, current),
  };
  if (route.access === 'anyone' || route.access === 'by-key') return await dispatch(route.methods[method], full);
  if (route.access === 'following') {
    return await dispatch(route.methods[method], { ...full, authenticated: call.authenticated });
  }
  if (who === null) throw new Error('A route for the signed-in was reached by nobody.');
  return await dispatch(route.methods[method], { ...full, who });
}

async function dispatch<Handled>(
  handler: ((call: Handled) => Promise<Response>) | undefined,
  call: Handled,
): Promise<Response> {
  if (handler === undefined) throw new Error('A method was found and has no handler.');
  return await handler(call);
}

type Read =
  | { readonly values: Values; readonly body: ParsedBody }
  | { readonly flaws: Flaws }
  | { readonly unreadable: UnreadableBody };

async function readFields(fields: readonly Field[] | null, request: Request, method: Method): Promise<Read> {
  if (fields === null) return { values: {}, body: EMPTY_BODY };
  try {
    const body = await readBody(request);
    const checked = checkFields(fields, body, { isPartial: method === 'PATCH' });
    return 'flaws' in checked ? checked : { values: checked.values, body };
  } catch (error) {
    if (error instanceof UnreadableBody) return { unreadable: error };
    throw error;
  }
}

function answerUnreadable(manner: Manner, { code, message, isFieldless }: UnreadableBody): Response {
  if (isFieldless) return json(400, { non_field_errors: [message] }, { ...manner.headers, 'Latchkey-Reason': code });
  // What is left of a body that is too large is not read: the connection is of no more use.
  const close = code === 'body_too_large' ? { Connection: 'close' } : {};
  return refuse(manner, { code, detail: message, headers: close });
}

/** What Django REST framework answers to `OPTIONS`. */
function describe(route: Route, fields: Fields, renders: readonly string[]): Readonly<Record<string, unknown>> {
  const shown = route.describes === undefined ? undefined : fields[route.describes];
  const action = shown
    ?.filter(({ isUnlisted }) => isUnlisted !== true)
    .map((field) => [field.name, describeField(field)]);
  return {
    name: route.name,
    description: route.description,
    renders,
    parses: route.parses ?? ['application/json', 'application/x-www-form-urlencoded', 'multipart/form-data'],
    ...(action !== undefined && { actions: { [String(route.describes)]: Object.fromEntries(action) } }),
  };
}

function formatOf(url: string): string | null {
  const query = url.indexOf('?');
  return query < 0 ? null : new URLSearchParams(url.slice(query + 1)).get('format');
}
