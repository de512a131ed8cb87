/** Asks an instance in memory from addresses of one's choice, and writes answers down so that two can be compared. */
import assert from 'node:assert/strict';
import type { Latchkey } from '../../src/latchkey.ts';
import type { AccountId } from '../../src/model/account.ts';

import { openTest, TEST_ORIGIN } from '../../src/testing/instance.ts';

export const PASSWORD = 'tr1cky-enough-pw';
export const WRONG = 'not-the-pw-of-anybody';

export type Question = {
  readonly method?: string;
  readonly json?: unknown;
  readonly form?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** The other end of the connection; none where it is not given. */
  readonly from?: string;
};

export async function ask(auth: Latchkey, path: string, question: Question = {}): Promise<Response> {
  const { method = 'POST', json, form, headers, from } = question;
  const body = json !== undefined ? JSON.stringify(json) : form === undefined ? null : new URLSearchParams(form);
  const type: Readonly<Record<string, string>> = json === undefined ? {} : { 'content-type': 'application/json' };
  const request = new Request(TEST_ORIGIN + path, { method, body, headers: { ...type, ...headers } });
  return await auth.handler(request, from === undefined ? undefined : { address: from });
}

/** A sign-in by username; `more` are headers. */
export async function signIn(
  auth: Latchkey,
  username: string,
  password: string,
  more: Pick<Question, 'headers' | 'from'> = {},
): Promise<Response> {
  return await ask(auth, '/auth/login/', { json: { username, password }, ...more });
}

/** The status of each of so many wrong passwords, one after the other. */
export async function fail(
  auth: Latchkey,
  times: number,
  username: string,
  more: Pick<Question, 'headers' | 'from'> = {},
): Promise<readonly number[]> {
  const statuses: number[] = [];
  for (let time = 0; time < times; time++) statuses.push((await signIn(auth, username, WRONG, more)).status);
  return statuses;
}

/** Everything of an answer that its reader can tell from another: status, header set and body, byte by byte. */
export async function wordsOf(response: Response): Promise<string> {
  const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`).sort();
  return [response.status, ...headers, '', await response.text()].join('\n');
}

export async function keyOf(response: Response): Promise<{ readonly key: string; readonly device: string }> {
  assert.equal(response.status, 200);
  return (await response.json()) as { key: string; device: string };
}

export type Person = { readonly username: string; readonly email: string; readonly id: AccountId };

/** One account of every kind that a stranger might want to tell apart, all but the last two with the same password. */
export async function everyKind(auth: Latchkey): Promise<Readonly<Record<string, Person>>> {
  const make = async (username: string, given: { verified?: boolean; password?: string | null } = {}) => {
    const email = `${username}@mail.test`;
    const { verified: emailVerified = true, password = PASSWORD } = given;
    const { id } = await auth.accounts.create({ username, email, emailVerified, password });
    return { username, email, id };
  };
  const active = await make('active');
  const suspended = await make('suspended');
  await auth.accounts.suspend(suspended.id);
  const unverified = await make('unverified', { verified: false });
  const passwordless = await make('passwordless', { password: null });
  const nobody = { username: 'nobody', email: 'nobody@mail.test', id: 4711 };
  return { active, suspended, unverified, passwordless, nobody };
}

type Opened = Awaited<ReturnType<typeof openTest>>;

/** Runs a test with an instance in memory, and closes it however that ends. */
export async function withTest(
  options: Parameters<typeof openTest>[0],
  run: (opened: Opened) => Promise<void>,
): Promise<void> {
  const opened = await openTest(options);
  try {
    await run(opened);
  } finally {
    await opened.auth.close();
  }
}

/** With limits of attempts as they are set by default, or as given. */
export function limited(attempts: NonNullable<Parameters<typeof openTest>[0]>['attempts'] = {}) {
  return { rateLimits: 'on', attempts } as const;
}

/** So that nothing but the account's own counter has a say. */
export const FROM_ANYWHERE = { perNetwork: '100000/min' } as const;
