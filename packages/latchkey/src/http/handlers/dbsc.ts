/**
 * What a browser asks by itself that binds its session to a key of its own (https://w3c.github.io/webappsec-dbsc/). It takes each
 * answer of 4xx but 403 for the end of the session, so none is given that does not mean that.
 */
import { Refusal } from '../../model/reasons.ts';
import { BOUND_COOKIE_MS, type Renewed } from '../../sessions/bound-cookies.ts';
import { isOfKey } from '../../sessions/key-proofs.ts';
import { type Headers, json, refuse, withCookies } from '../answers.ts';
import { pathOf } from '../authenticate.ts';
import type { Call } from '../call.ts';
import { BOUND_COOKIE_ATTRIBUTES, boundCookie, boundCookieName, readCookie, sessionCookieName } from '../cookies.ts';
import { REFRESH_PATH } from '../session-offer.ts';

/** Binds the session of the cookie that comes along. Whatever is wrong is said in the same words, and nothing was changed. */
export async function register(call: Call): Promise<Response> {
  const { parts, request } = call;
  const token = readCookie(request.headers.get('cookie'), sessionCookieName(parts.settings));
  const outcome = await parts.boundCookies.register({ ...deviceRequest(request), token });
  if (!outcome.isBound) throw new Refusal('invalid_dbsc_proof');
  return answerRenewed(call, outcome);
}

/** Gives a new cookie for a proof, and a challenge where there is none. Whoever is over is told so, and gets neither. */
export async function refresh(call: Call): Promise<Response> {
  const { parts, request, headers } = call;
  const id = idIn(request.headers.get('sec-secure-session-id'));
  // No page can send it: without it somebody else made the browser ask, and is answered alike for everybody (M26).
  if (id === null) throw new Refusal('origin_not_allowed');
  const outcome = await parts.boundCookies.refresh({ ...deviceRequest(request), id });
  if (outcome.kind === 'over') return json(200, { continue: false }, headers);
  if (outcome.kind === 'renewed') return answerRenewed(call, outcome);
  const { session, flaw, challenge } = outcome;
  // A browser has none before it was asked for one.
  if (isOfKey(flaw) && flaw !== 'missing') parts.misused(session, flaw);
  return refuse(call, { code: 'dbsc_challenge', headers: challengeHeader({ id, challenge }) });
}

function deviceRequest({ headers, url }: Request): { readonly proof: string | null; readonly path: string } {
  return { proof: headers.get('secure-session-response'), path: pathOf(url) };
}

/** Bare as browsers send it, or a string as the draft has it (RFC 9651, 3.3.3). */
function idIn(header: string | null): string | null {
  return header === null ? null : (/^"(.*)"$/.exec(header)?.[1] ?? header);
}

function challengeHeader({ id, challenge }: Pick<Renewed, 'id' | 'challenge'>): Headers {
  return { 'Secure-Session-Challenge': `"${challenge}";id="${id}"` };
}

/** The cookie, what is signed next, and what the browser is to know of the session, which may have changed with a new version. */
function answerRenewed({ parts, headers }: Call, renewed: Renewed): Response {
  const { settings } = parts;
  const { origin, basePath } = settings;
  const instructions = {
    session_identifier: renewed.id,
    refresh_url: basePath + REFRESH_PATH,
    scope: {
      origin,
      include_site: false,
      scope_specification: [{ type: 'exclude', domain: '*', path: `${basePath}/assets` }],
    },
    credentials: [{ type: 'cookie', name: boundCookieName(settings), attributes: BOUND_COOKIE_ATTRIBUTES }],
    // Whoever follows a link to here from elsewhere is signed in: `SameSite` says what others may make a browser ask with its cookies.
    allowed_refresh_initiators: ['*'],
  };
  const answer = json(200, instructions, { ...headers, ...challengeHeader(renewed) });
  return withCookies(answer, [boundCookie(settings, renewed.cookie, BOUND_COOKIE_MS)]);
}
