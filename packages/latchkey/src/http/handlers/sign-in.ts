import type { Waiting } from '../../flows/approval-tickets.ts';
import type { NoPlace, SignedIn, SignInOutcome } from '../../flows/complete-sign-in.ts';
import { type Claim, signInWithPassword } from '../../flows/sign-in-with-password.ts';
import type { SecondStepDue } from '../../flows/tickets.ts';
import { isEmail } from '../../model/account.ts';
import { type Flaw, invalidInput, Refusal } from '../../model/reasons.ts';
import type { Session } from '../../model/session.ts';
import type { Settings, SignInBy } from '../../model/settings.ts';
import { signIn as texts } from '../../texts/api.ts';
import { empty, type Headers, json, nonceHeader, refuse, withCookies } from '../answers.ts';
import type { Call } from '../call.ts';
import type { Values } from '../fields.ts';
import { offerFor } from '../session-offer.ts';
import { cookiesFor } from '../sign-in-cookies.ts';
import { isoTime } from '../time.ts';

/** Loaded where JWT mode is on. */
const tokenPair = () => import('./token-pair.ts');

/** dj-rest-auth's `login/`: a key, and the cookie beside it; or the ticket of a sign-in that needs a second step. */
export async function login(call: Call): Promise<Response> {
  const outcome = await signIn(call, claimOf(call.parts.settings, call.values), { isStripped: true });
  return await answerOutcome(call, outcome, 200);
}

/** The article's `signin/`: a key and what became of the old one. */
export async function articleSignIn(call: Call): Promise<Response> {
  const outcome = await signIn(call, claimOf(call.parts.settings, call.values), { isStripped: true });
  if (outcome.kind !== 'signed-in') return refuseOutside(call, outcome);
  const message = outcome.displaced.length > 0 ? texts.oldTokenDeleted : texts.newTokenCreated;
  const body = { key: outcome.token, message, device: outcome.deviceToken, ...typeOf(outcome.session) };
  return json(200, body, { ...call.headers, ...firstNonce(call, outcome.session) });
}

/** Django REST framework's own `api/token/`: the password counts as it was typed, white space and all. */
export async function obtainToken(call: Call): Promise<Response> {
  const claim = claimByName(call.parts.settings, call.values['username'] ?? '');
  const outcome = await signIn(call, claim, { isStripped: false });
  if (outcome.kind !== 'signed-in') return refuseOutside(call, outcome);
  const body = { token: outcome.token, device: outcome.deviceToken, ...typeOf(outcome.session) };
  return json(200, body, { ...call.headers, ...firstNonce(call, outcome.session) });
}

/** What a sign-in came to, as dj-rest-auth tells it: half of one is no error there. */
export async function answerOutcome(
  call: Call,
  outcome: SignInOutcome,
  status: number,
  /** What is told beside it. */
  more?: Readonly<Record<string, unknown>>,
): Promise<Response> {
  if (outcome.kind === 'second-step') return json(status, bodyOfDue(outcome), call.headers);
  if (outcome.kind === 'full') return refuseFull(call, outcome, more);
  const { jwt } = call.parts;
  if (jwt !== null) return await (await tokenPair()).answerTokens(call, jwt, outcome, { status, more: more ?? {} });
  const hasCookie = call.parts.settings.wire.cookie;
  return answerSignedIn(call, outcome, { status, hasCookie, ...(more !== undefined && { more }) });
}

/** Where clients know of no second step, half a sign-in is none. */
function refuseOutside(call: Call, outcome: Exclude<SignInOutcome, { kind: 'signed-in' }>): Response {
  if (outcome.kind === 'full') return refuseFull(call, outcome);
  return refuse(call, { code: 'second_step_required', more: bodyOfDue(outcome) });
}

/** No place: said alike by every way in, after all that had to be shown was shown (F-23). */
function refuseFull(
  call: Call,
  { next, among, labels, least }: NoPlace,
  more: Readonly<Record<string, unknown>> = {},
): Response {
  if (next === null) return refuse(call, { code: 'limit_reached', more });
  if (next.kind === 'wait') return refuseUntilApproved(call, next, more);
  const { ticket } = next;
  const sessions = among.map(({ id, device, seenAt }) => ({
    ...{ id, device: device.name, class: device.class, last_seen_at: isoTime(seenAt) },
    name: labels.get(device.id ?? '') ?? null,
  }));
  return refuse(call, { code: 'choose_session', more: { ticket, sessions, end_at_least: least, ...more } });
}

/** How often it may be asked whether there is an answer: everybody who waits asks. */
const ASK_EVERY_SECONDS = 2;

/** One who is in has to let them in: asked again and again (as RFC 8628, 3.5, has it) until there is an answer. */
export function refuseUntilApproved(
  call: Call,
  { ticket, number, waitsUntil }: Waiting,
  more: Readonly<Record<string, unknown>> = {},
): Response {
  const waiting = { ticket, number, expires_at: isoTime(waitsUntil), interval: ASK_EVERY_SECONDS };
  const retryAfterSeconds = ASK_EVERY_SECONDS;
  return refuse(call, { code: 'approval_required', more: { ...waiting, ...more }, retryAfterSeconds });
}

/** With nothing to show, there is one to be set up first. */
function bodyOfDue({ ticket, kinds }: SecondStepDue): Readonly<Record<string, unknown>> {
  return { mfa_required: true, ephemeral_token: ticket, ticket, second_step: kinds, set_up: kinds.length === 0 };
}

async function signIn(
  call: Call,
  claim: Claim,
  { isStripped }: { readonly isStripped: boolean },
): Promise<SignInOutcome> {
  const password = call.values['password'] ?? '';
  return await signInWithPassword(call.parts, {
    claim,
    password,
    isStripped,
    caller: await call.caller(),
    network: call.network,
  });
}

/** Who somebody says they are, by the fields that the settings look at. Blank is as good as missing. */
const claimBy: Readonly<Record<SignInBy, (username: string, email: string) => Claim>> = {
  username(username) {
    if (username === '') throw mustInclude(texts.mustIncludeUsername);
    return { username };
  },
  email(_, email) {
    if (email === '') throw mustInclude(texts.mustIncludeEmail);
    return { email, otherwise: null };
  },
  username_email(username, email) {
    if (email !== '') return { email, otherwise: null };
    if (username === '') throw mustInclude(texts.mustIncludeEither);
    return isEmail(username) ? { email: username, otherwise: username } : { username };
  },
  any(username, email) {
    if (email !== '') return { email, otherwise: username === '' ? null : username };
    if (username === '') throw new Refusal('invalid_credentials');
    return { username };
  },
};

function claimOf({ accounts }: Settings, { username = '', email = '' }: Values): Claim {
  return claimBy[accounts.signInBy](username, email);
}

/** One field for either, where an address may be used at all. */
function claimByName({ accounts }: Settings, name: string): Claim {
  const isAddress = accounts.signInBy !== 'username' && isEmail(name);
  return isAddress ? { email: name, otherwise: name } : { username: name };
}

function mustInclude(flaw: Flaw): Refusal {
  return invalidInput({ non_field_errors: [flaw] });
}

/** Answers with the key of a new session, and the cookies that a browser keeps. */
function answerSignedIn(
  call: Call,
  signedIn: SignedIn,
  {
    status,
    hasCookie,
    more,
  }: {
    readonly status: number;
    readonly hasCookie: boolean;
    /** What is told beside the key. */
    readonly more?: Readonly<Record<string, unknown>>;
  },
): Response {
  const { settings } = call.parts;
  const { session } = signedIn;
  const key = settings.wire.key ? { key: signedIn.token, device: signedIn.deviceToken, ...typeOf(session) } : null;
  // Who has the key as well may show it in a header, where no browser adds anything.
  const offered = key === null ? offerFor(call.parts, call.request, signedIn) : null;
  const headers = { ...call.headers, ...firstNonce(call, session), ...offered?.headers };
  const response =
    key === null && more === undefined ? empty(204, headers) : json(status, { ...key, ...more }, headers);
  if (!hasCookie && settings.wire.key) return response;
  return withCookies(response, [...cookiesFor(settings, call.request, signedIn), ...(offered?.cookies ?? [])]);
}

/** How a key is to be shown, where that is not as every other (RFC 9449, 5). */
function typeOf({ binding }: Session): { readonly token_type?: 'DPoP' } {
  return binding?.kind === 'dpop' ? { token_type: 'DPoP' } : {};
}

/** What its first request is to have in its proof: a client that is told need not ask in vain. */
function firstNonce({ parts }: Call, { binding }: Session): Headers {
  return nonceHeader(binding?.kind === 'dpop' ? parts.keyProofs.nonce() : null);
}
