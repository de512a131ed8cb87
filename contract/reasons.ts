/** The reason that an answer must give in `Latchkey-Reason`, told from what it says. */
import type { Code } from 'latchkey';
import { type Expected, messageIn } from './answer.ts';
import { tokenAskedAbout } from './promise-of-tokens.ts';
import { INVALID_TOKEN, MISSING, type Situation } from './situation.ts';

/** By the beginning of `detail`. */
const BY_DETAIL: readonly (readonly [start: string, code: Code])[] = [
  ['Invalid token header.', 'invalid_token'],
  ['User inactive or deleted.', 'account_disabled'],
  ['CSRF Failed: Origin', 'origin_not_allowed'],
  ['JSON parse error - ', 'parse_error'],
  ['Multipart form parse error - ', 'parse_error'],
  ['Unsupported media type ', 'unsupported_media_type'],
  ['Method "', 'method_not_allowed'],
  ['Could not satisfy the request Accept header.', 'not_acceptable'],
  ['Not found.', 'not_found'],
  ['Authorization header must contain', 'invalid_token'],
  ['User is inactive', 'account_disabled'],
  ['User not found', 'account_disabled'],
  ['No active account found', 'account_disabled'],
  ['No valid refresh token found.', 'not_authenticated'],
  ['Token is invalid', 'invalid_token'],
  ['Token is expired', 'token_expired'],
  ['Token has wrong type', 'invalid_token'],
  ['Request was throttled.', 'too_many_attempts'],
];

/** By the one message that belongs to no field. */
const BY_MESSAGE: readonly (readonly [start: string, code: Code])[] = [
  ['Unable to log in with provided credentials.', 'invalid_credentials'],
  ['E-mail is not verified.', 'email_not_verified'],
  ['Invalid data. Expected a dictionary', 'parse_error'],
  ['No data provided', 'parse_error'],
];

/** Where an answer to `HEAD` has no body. */
const BY_STATUS: Readonly<Record<number, Code>> = {
  404: 'not_found',
  405: 'method_not_allowed',
  406: 'not_acceptable',
  415: 'unsupported_media_type',
};

/** Pages say it in the header alone. */
const OF_PAGES: Readonly<Record<number, Code>> = {
  403: 'origin_not_allowed',
  404: 'not_found',
  405: 'method_not_allowed',
  429: 'too_many_attempts',
};

export function reasonOf(situation: Situation, expected: Expected): Expected['reason'] {
  const { status, body } = expected;
  if (status < 400) return 'unsaid';
  if (body.kind === 'page') return OF_PAGES[status] ?? 'unsaid';
  const isRefused = status === 401 || status === 403;
  // The recorded project's own view says nothing of itself, but passes on why nobody is signed in.
  if (situation.asked.route === 'whoami' && !isRefused) return 'unsaid';
  if (body.kind === 'json-complaint') return 'parse_error';
  if (body.kind === 'some-json') return 'any';
  const detail = messageIn(expected, 'detail');
  if (detail === OVER || messageIn(expected, 'non_field_errors') === OVER) return ofToken(situation);
  const isOfCredential = detail === ANY_TYPE || detail === INVALID_TOKEN || detail === MISSING || detail === null;
  return isRefused && isOfCredential ? ofCredential(situation) : ofText(expected, detail);
}

const OVER = 'Token is blacklisted';
const ANY_TYPE = 'Given token not valid for any token type';

/** Why the session of the token is over that the request is about; `invalid_token` for one that was used. */
function ofToken(situation: Situation): Code {
  return tokenAskedAbout(situation)?.session.ended ?? 'invalid_token';
}

function ofCredential({ caller }: Situation): Code {
  if (caller.kind === 'dead') return caller.reason;
  return caller.kind === 'malformed' ? 'invalid_token' : 'not_authenticated';
}

function ofText(expected: Expected, detail: string | null): Expected['reason'] {
  if (detail !== null) return codeIn(BY_DETAIL, detail) ?? 'unsaid';
  if (expected.body.kind !== 'json') return BY_STATUS[expected.status] ?? 'unsaid';
  return codeIn(BY_MESSAGE, messageIn(expected, 'non_field_errors') ?? '') ?? 'invalid_input';
}

function codeIn(table: readonly (readonly [start: string, code: Code])[], text: string): Code | undefined {
  return table.find(([start]) => text.startsWith(start))?.[1];
}
