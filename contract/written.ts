/**
 * Transcripts written by hand, in the recorded server's words, for departures that the kept recordings do not reach, and for
 * recordings that must fail.
 */
import type { Json, JsonObject } from './json.ts';
import { type Transcript, transcriptOf } from './recording.ts';
import type { Replayable } from './scope.ts';

const KEY = 'a'.repeat(40);
const PASSWORD = 'correct horse 9!';
const NEW_PASSWORD = 'Brand-new-pw-77';

const WITH_KEY = { Authorization: `Token ${KEY}` };
const ALICE: JsonObject = { username: 'alice', email: 'alice@example.com', verified: true };

export type Written = {
  readonly ask: string;
  readonly headers?: JsonObject;
  readonly body?: Json;
  readonly status: number;
  readonly answer: Json;
  /** Where it is not JSON. */
  readonly type?: string;
  /** The value of the recorded session cookie. */
  readonly cookie?: string;
  readonly mail?: readonly JsonObject[];
  readonly verified?: number;
  readonly location?: string;
  /** What stands in `WWW-Authenticate` of a 401. */
  readonly challenge?: string;
};

/** One transcript; where nothing is said, one account with one verified address stays as it is. */
function written(
  name: string,
  {
    env = {},
    users,
    steps,
  }: { readonly env?: Replayable['env']; readonly users: Json; readonly steps: readonly Written[] },
): Replayable {
  const recorded = { name, profile: name, given: { users }, steps: steps.map(stepOf) };
  const transcript: Transcript = transcriptOf(recorded, 'written');
  return { transcript, env };
}

function stepOf({
  ask,
  headers = {},
  body,
  status,
  answer,
  type,
  cookie,
  mail,
  verified = 1,
  location,
  challenge = 'Token',
}: Written): JsonObject {
  const [method = '', path = ''] = ask.split(' ');
  return {
    request: {
      method,
      path,
      headers: { ...(body !== undefined && { 'Content-Type': 'application/json' }), ...headers },
      body: body ?? null,
    },
    response: {
      status,
      headers: {
        'Content-Type': type ?? 'application/json',
        ...(location !== undefined && { Location: location }),
        ...(status === 401 && { 'WWW-Authenticate': challenge }),
        ...(cookie !== undefined && { 'Set-Cookie': [`sessionid=${cookie}; Path=/`] }),
      },
      body: answer,
    },
    db_after: { users: 1, verified_emails: verified },
    ...(mail !== undefined && { mail: [...mail] }),
  };
}

const BEARER = 'Bearer realm="api"';

const SIGN_IN: Written = {
  ask: 'POST /auth/login/',
  body: { username: 'alice', password: PASSWORD },
  status: 200,
  answer: { key: '<key>' },
  cookie: '<sessionid>',
};

const RESET_ASKED: Written = {
  ask: 'POST /auth/password/reset/',
  body: { email: 'alice@example.com' },
  status: 200,
  answer: { detail: 'Password reset e-mail has been sent.' },
  mail: [{ to: 'alice@example.com', body: '<reset-token>' }],
};

const RESET_CONFIRMED = { uid: '1', token: '<reset-token>', new_password1: NEW_PASSWORD, new_password2: NEW_PASSWORD };

/** By the departures that they show. */
export const showing: Readonly<Record<string, Replayable>> = {
  'one-session': written('signed out by its key, a browser is signed out', {
    users: [ALICE],
    steps: [
      SIGN_IN,
      {
        ask: 'POST /auth/logout/',
        headers: { Authorization: 'Token <key>' },
        status: 200,
        answer: { detail: 'Successfully logged out.' },
      },
      {
        ask: 'GET /home/',
        headers: { Cookie: 'sessionid=<sessionid>' },
        status: 200,
        answer: 'home of alice',
        type: 'text/plain',
      },
    ],
  }),
  'reset-link': written('a link that a sign-in has voided', {
    users: [ALICE],
    steps: [
      RESET_ASKED,
      SIGN_IN,
      {
        ask: 'POST /auth/password/reset/confirm/',
        body: RESET_CONFIRMED,
        status: 400,
        answer: { token: ['Invalid value'] },
      },
      // What follows from it: the password is the new one here, and the old one there.
      {
        ask: 'POST /auth/login/',
        body: { username: 'alice', password: NEW_PASSWORD },
        status: 400,
        answer: { non_field_errors: ['Unable to log in with provided credentials.'] },
      },
    ],
  }),
  'any-case': written('an address in capital letters', {
    users: [{ username: 'carol', email: 'carol@example.com', verified: false }],
    steps: [
      {
        ask: 'POST /auth/registration/resend-email/',
        body: { email: 'CAROL@example.com' },
        status: 200,
        answer: { detail: 'ok' },
        verified: 0,
      },
    ],
  }),
  'any-host': written('another host’s name', {
    users: [{ ...ALICE, token: KEY }],
    steps: [
      {
        ask: 'GET /api/whoami/',
        headers: { ...WITH_KEY, Host: 'other.example' },
        type: 'text/html; charset=utf-8',
        status: 400,
        answer: '<html>',
      },
    ],
  }),
  'unlisted-email': written('an address in a user’s own row alone', {
    users: [{ username: 'dan', email: 'dan@example.com' }],
    steps: [
      {
        ask: 'POST /auth/registration/resend-email/',
        body: { email: 'dan@example.com' },
        status: 200,
        answer: { detail: 'ok' },
        verified: 0,
      },
    ],
  }),
};

const TOKENS: Replayable['env'] = { JWT: '1', JWT_HTTPONLY: '0', BLACKLIST: '1', ROTATE: '1' };

const SIGN_IN_FOR_TOKENS: Written = {
  ...SIGN_IN,
  answer: {
    access: '<access>',
    refresh: '<refresh>',
    user: { pk: 1, username: 'alice', email: 'alice@example.com', first_name: '', last_name: '' },
  },
};

const REFRESH: Written = {
  ask: 'POST /auth/token/refresh/',
  body: { refresh: '<refresh>' },
  status: 200,
  answer: { access: '<access2>', refresh: '<refresh2>', access_expiration: '<date>', refresh_expiration: '<date>' },
};

const BLACKLISTED = { detail: 'Token is blacklisted', code: 'token_not_valid' };

/** Departures of JWT mode that the kept recordings do not reach. */
export const showingTokens: Readonly<Record<string, Replayable>> = {
  'forgiven-refresh': written('a refresh token twice within a moment', {
    env: TOKENS,
    users: [ALICE],
    steps: [SIGN_IN_FOR_TOKENS, REFRESH, { ...REFRESH, status: 401, answer: BLACKLISTED, challenge: BEARER }],
  }),
  displaced: written('an access token after a later sign-in', {
    env: TOKENS,
    users: [ALICE],
    steps: [
      SIGN_IN_FOR_TOKENS,
      {
        ...SIGN_IN_FOR_TOKENS,
        answer: { ...(SIGN_IN_FOR_TOKENS.answer as JsonObject), access: '<access2>', refresh: '<refresh2>' },
        cookie: '<sessionid2>',
      },
      {
        ask: 'GET /api/whoami/',
        headers: { Authorization: 'Bearer <access>' },
        status: 200,
        answer: { pk: 1, username: 'alice' },
      },
    ],
  }),
  'ended-token': written('a refresh token after a later sign-in', {
    env: TOKENS,
    users: [ALICE],
    steps: [
      SIGN_IN_FOR_TOKENS,
      {
        ...SIGN_IN_FOR_TOKENS,
        answer: { ...(SIGN_IN_FOR_TOKENS.answer as JsonObject), access: '<access2>', refresh: '<refresh2>' },
        cookie: '<sessionid2>',
      },
      { ...REFRESH, answer: { ...(REFRESH.answer as JsonObject), access: '<access3>', refresh: '<refresh3>' } },
    ],
  }),
};

const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };
const PAGE = 'text/html; charset=utf-8';

/** A step at Django's own page; `<csrfmiddlewaretoken>` is a right one. */
function byForm(fields: string, status: number, more: Partial<Written> = {}): Written {
  const body = `${fields}&csrfmiddlewaretoken=<csrfmiddlewaretoken>`;
  return {
    ask: 'POST /login/',
    headers: FORM,
    body,
    status,
    answer: status === 302 ? '' : '<html>',
    type: PAGE,
    ...more,
  };
}

const RIGHT = 'username=alice&password=correct+horse+9%21';

/** Departures at Django's own pages that the kept recordings do not reach. */
export const showingForms: Readonly<Record<string, Replayable>> = {
  'typed-password': written('a password with a blank after it, at the page', {
    users: [ALICE],
    steps: [byForm(`${RIGHT}+`, 200)],
  }),
  attempts: written('the eleventh wrong password at the page', {
    users: [ALICE],
    steps: Array.from({ length: 11 }, () => byForm('username=alice&password=wrong', 200)),
  }),
  'own-key': written('the same person again, in the same browser', {
    users: [ALICE],
    steps: [
      byForm(RIGHT, 302, { cookie: '<sessionid>', location: '/' }),
      byForm(RIGHT, 302, {
        cookie: '<sessionid>',
        location: '/',
        headers: { ...FORM, Cookie: 'csrftoken=<csrftoken>; sessionid=<sessionid>' },
      }),
    ],
  }),
  next: written('a path that is another once it is parsed', {
    users: [ALICE],
    steps: [byForm(`${RIGHT}&next=%2Fa%2F..%2Fb+c%2F`, 302, { cookie: '<sessionid>', location: '/a/../b%20c/' })],
  }),
  'sign-out-page': written('a sign-out that leads nowhere safe', {
    users: [ALICE],
    steps: [
      byForm(RIGHT, 302, { cookie: '<sessionid>', location: '/' }),
      byForm('next=https%3A%2F%2Fevil.example%2F', 302, {
        ask: 'POST /logout/',
        headers: { ...FORM, Cookie: 'csrftoken=<csrftoken>; sessionid=<sessionid>' },
        cookie: '""',
        location: '/logout/',
      }),
    ],
  }),
  displaced: written('a key after a sign-in by the page', {
    users: [{ ...ALICE, token: KEY }],
    steps: [
      byForm(RIGHT, 302, { cookie: '<sessionid>', location: '/' }),
      { ask: 'GET /api/whoami/', headers: WITH_KEY, status: 200, answer: { pk: 1, username: 'alice' } },
    ],
  }),
};

/** Answers that no departure speaks for: each must fail. */
export const failing: readonly Replayable[] = [
  written('a wrong password is taken at the page', {
    users: [ALICE],
    steps: [byForm('username=alice&password=wrong', 302, { cookie: '<sessionid>', location: '/' })],
  }),
  written('a right password is shown the page again', { users: [ALICE], steps: [byForm(RIGHT, 200)] }),
  written('a path on this origin is no next', {
    users: [ALICE],
    steps: [byForm(`${RIGHT}&next=%2Fhome%2F`, 302, { cookie: '<sessionid>', location: '/' })],
  }),
  written('somebody is sent to another site', {
    users: [ALICE],
    steps: [byForm(`${RIGHT}&next=%2Fhome%2F`, 302, { cookie: '<sessionid>', location: '//evil.example/' })],
  }),
  written('a form of another site signs somebody in', {
    users: [ALICE],
    steps: [
      byForm(RIGHT, 302, {
        cookie: '<sessionid>',
        location: '/',
        headers: { ...FORM, Origin: 'https://evil.example' },
      }),
    ],
  }),
  written('a live key is refused', {
    users: [{ ...ALICE, token: KEY }],
    steps: [{ ask: 'GET /api/whoami/', headers: WITH_KEY, status: 401, answer: { detail: 'Invalid token.' } }],
  }),
  written('a right password is refused', {
    users: [ALICE],
    steps: [{ ...SIGN_IN, status: 400, answer: { non_field_errors: ['Unable to log in with provided credentials.'] } }],
  }),
  written('a wrong password is taken', {
    users: [ALICE],
    steps: [{ ...SIGN_IN, body: { username: 'alice', password: 'wrong' } }],
  }),
  written('nobody’s credential is in the way', {
    users: [ALICE],
    steps: [{ ...SIGN_IN, status: 401, answer: { detail: 'Invalid token.' } }],
  }),
  written('a key of nobody’s is taken', {
    users: [ALICE],
    steps: [{ ask: 'GET /api/whoami/', headers: WITH_KEY, status: 200, answer: { pk: 1, username: 'alice' } }],
  }),
  written('another’s name is one’s own', {
    users: [{ ...ALICE, token: KEY }],
    steps: [
      {
        ask: 'PATCH /auth/user/',
        headers: WITH_KEY,
        body: { username: 'alice2' },
        status: 400,
        answer: { username: ['A user with that username already exists.'] },
      },
    ],
  }),
  written('a link is used twice', {
    users: [ALICE],
    steps: [
      RESET_ASKED,
      {
        ask: 'POST /auth/password/reset/confirm/',
        body: RESET_CONFIRMED,
        status: 200,
        answer: { detail: 'Password has been reset with the new password.' },
      },
      {
        ask: 'POST /auth/password/reset/confirm/',
        body: RESET_CONFIRMED,
        status: 200,
        answer: { detail: 'Password has been reset with the new password.' },
      },
    ],
  }),
  written('an address without an owner is taken', {
    env: { VERIFY: 'mandatory' },
    users: [{ ...ALICE, verified: false }],
    steps: [
      {
        ask: 'POST /auth/registration/',
        body: {
          username: 'newbie',
          email: 'alice@example.com',
          password1: 'Tr1cky-enough-pw',
          password2: 'Tr1cky-enough-pw',
        },
        status: 400,
        answer: { email: ['User is already registered with this e-mail address.'] },
        verified: 0,
      },
    ],
  }),
  written('a refresh token of nobody’s is taken', {
    env: TOKENS,
    users: [ALICE],
    steps: [SIGN_IN_FOR_TOKENS, { ...REFRESH, body: { refresh: 'x.y.z' } }],
  }),
  written('a live access token is refused', {
    env: TOKENS,
    users: [ALICE],
    steps: [
      SIGN_IN_FOR_TOKENS,
      {
        ask: 'GET /api/whoami/',
        headers: { Authorization: 'Bearer <access>' },
        status: 401,
        answer: { detail: 'User is inactive', code: 'user_not_found' },
        challenge: BEARER,
      },
    ],
  }),
  written('a refresh token is an access token', {
    env: TOKENS,
    users: [ALICE],
    steps: [
      SIGN_IN_FOR_TOKENS,
      {
        ask: 'GET /api/whoami/',
        headers: { Authorization: 'Bearer <refresh>' },
        status: 200,
        answer: { pk: 1, username: 'alice' },
      },
    ],
  }),
  written('a foreign request is let in', {
    env: { AUTHN: 'token+session' },
    users: [ALICE],
    steps: [
      SIGN_IN,
      {
        ask: 'POST /api/whoami/',
        headers: { Cookie: 'csrftoken=<csrftoken>; sessionid=<sessionid>', 'X-CSRFToken': '<csrftoken>' },
        status: 403,
        answer: { detail: 'CSRF Failed: CSRF token missing.' },
      },
    ],
  }),
];
