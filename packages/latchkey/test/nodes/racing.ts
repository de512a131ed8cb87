/** What races at nodes have in common: an account with three places, and people who ask at whichever node. */
import assert from 'node:assert/strict';
import { PASSWORD } from '../attempts/asking.ts';
import { codeAt } from '../second-step/app.ts';
import { type Answer, ask } from '../serving.ts';
import { answered, type Fleet, StoreBusy, untilAnswered } from './fleet.ts';

export type Race = { readonly name: string; readonly run: (fleet: Fleet) => Promise<void> };

/** Each is run until everybody in it was answered: all of them make accounts of their own. */
export function racesOf(cases: Readonly<Record<string, Race['run']>>): readonly Race[] {
  return Object.entries(cases).map(([name, run]) => ({ name, run: untilAnswered(run) }));
}

/** As many places as the nodes of these races give to an account. */
export const PLACES = 3;

/** What the nodes of these races are called, all alike. */
export const ORIGIN = 'http://127.0.0.1:8787';

export const NEW_PASSWORD = 'quite-an0ther-pw';
export const DISPLACED = '401 session_displaced';

let made = 0;

/** A name that nobody has. */
export function newName(): string {
  made++;
  return `racer${made}`;
}

export async function newAccount(fleet: Fleet): Promise<string> {
  const username = newName();
  await fleet.register(username);
  return username;
}

/** Does so many things at once. */
export async function many<T>(count: number, make: (turn: number) => Promise<T>): Promise<T[]> {
  const begun = Array.from({ length: count }, (_, turn) => make(turn));
  // Whatever comes of one, nothing goes on after that.
  await Promise.allSettled(begun);
  return await Promise.all(begun);
}

/** Asks one of the nodes, in turn. */
export async function askAt(
  fleet: Fleet,
  turn: number,
  path: string,
  given: Parameters<typeof ask>[1] = {},
): Promise<Answer> {
  const node = fleet.nodes[turn % fleet.nodes.length] ?? assert.fail();
  return answered(await ask(`${node.url}/auth/${path}`, given));
}

export const logIn = (fleet: Fleet, turn: number, username: string, password = PASSWORD): Promise<Answer> =>
  askAt(fleet, turn, 'login/', { body: { username, password } });

export const keyIn = ({ body }: Answer): string => String(body['key']);

/** Those of the keys that a node accepts; all nodes must be of one mind. */
export async function liveAmong(fleet: Fleet, keys: readonly string[]): Promise<readonly string[]> {
  const live: string[] = [];
  for (const key of keys) {
    const verdicts = await fleet.check(key);
    if (verdicts.includes('503 store_unavailable')) throw new StoreBusy('a check had no answer');
    assert.equal(new Set(verdicts).size, 1, `the nodes differ: ${verdicts.join(', ')}`);
    if (verdicts[0] === '200') live.push(key);
  }
  return live;
}

/** The ids of an account's sessions as a node lists them, the newest first. */
export async function listed(fleet: Fleet, turn: number, key: string): Promise<readonly string[]> {
  const node = fleet.nodes[turn % fleet.nodes.length] ?? assert.fail();
  const answer = await fetch(`${node.url}/auth/sessions/`, { headers: { authorization: `Token ${key}` } });
  assert.equal(answer.status, 200);
  return ((await answer.json()) as { readonly id: string }[]).map(({ id }) => id);
}

export const ownId = async (fleet: Fleet, turn: number, key: string): Promise<string> => {
  const { body } = await askAt(fleet, turn, 'session/', { key });
  return String((body['session'] as Readonly<Record<string, unknown>> | undefined)?.['id'] ?? body['id']);
};

/** The keys of those that were let in. */
export const keysOf = (answers: readonly Answer[]): readonly string[] =>
  answers.filter(({ status }) => status === 200).map(keyIn);

/** The ticket of somebody who has shown a password and not yet the second step. */
export async function halfIn(fleet: Fleet, turn: number, username: string): Promise<string> {
  const { body } = await logIn(fleet, turn, username);
  assert.equal(body['mfa_required'], true, JSON.stringify(body));
  return String(body['ticket']);
}

const STEP_MS = 30_000;

export type App = {
  /** A code that has not been shown yet. */
  readonly nextCode: string;
  readonly recoveryCodes: readonly string[];
};

/** Sets an authenticator app up, with the code of a moment ago: the next is still good. */
export async function newApp(fleet: Fleet, key: string): Promise<App> {
  const { body } = await askAt(fleet, 0, 'mfa/totp/activate/', { key });
  const [secret, now] = [String(body['secret']), Date.now()];
  const activation = { activation_token: body['activation_token'], code: codeAt(secret, now - STEP_MS) };
  const done = await askAt(fleet, 1, 'mfa/totp/activate/', { key, body: activation });
  assert.equal(done.status, 200, JSON.stringify(done.body));
  return { nextCode: codeAt(secret, now), recoveryCodes: done.body['recovery_codes'] as readonly string[] };
}
