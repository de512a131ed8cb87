/** What the tests of the Redis store have in common. */
import assert from 'node:assert/strict';
import { testClock } from 'latchkey/testing';
import { newSessionId, newSessionToken } from '../../src/crypto/token.ts';
import { firstGate, type Gate } from '../../src/model/account.ts';
import type { Limit } from '../../src/model/admission.ts';
import type { Device } from '../../src/model/device.ts';
import type { Session, TokenRef } from '../../src/model/session.ts';
import { openRedisStore, type RedisOptions, type RedisStore } from '../../src/stores/redis/store.ts';
import type { Admit, Admitted } from '../../src/stores/store.ts';

export const HOUR_MS = 3_600_000;
export const IDLE_MS = 10 * HOUR_MS;
export const LIFETIME_MS = 24 * HOUR_MS;
export const RULE = 'the rule';
export const DEVICE: Device = { id: null, class: 'cli', name: 'curl' };

/** Where a test keeps its things: what all keys begin with, on which server. */
export type Keys = { readonly url: string; readonly prefix: string };

export type World = {
  readonly store: RedisStore;
  readonly keys: Keys;
  readonly clock: ReturnType<typeof testClock>;
  /** Another connection to the same data, as another process would have it. */
  connect(options?: RedisOptions): Promise<RedisStore>;
  connectWithoutClock(): Promise<RedisStore>;
};

/** Runs with an empty store under a prefix of its own. */
export async function withWorld(keys: Keys, run: (world: World) => Promise<void>): Promise<void> {
  const clock = testClock();
  const opened: RedisStore[] = [];
  const open = async (options: RedisOptions): Promise<RedisStore> => {
    const store = await openRedisStore(keys.url, { prefix: keys.prefix, ...options });
    opened.push(store);
    return store;
  };
  const connect = (options: RedisOptions = {}): Promise<RedisStore> => open({ clock, ...options });
  try {
    await run({ store: await connect(), keys, clock, connect, connectWithoutClock: () => open({}) });
  } finally {
    for (const store of opened) await store.close();
  }
}

let accounts = 1000;

/** The gate of an account that nobody else has. */
export function newGate(given: Partial<Gate> = {}): Gate {
  accounts++;
  return { ...firstGate(accounts, []), ...given };
}

type Told = Pick<Admit['session'], 'coordinates' | 'network' | 'client' | 'binding'>;

export type Given = Partial<Omit<Admit, 'gate' | 'session'>> & {
  readonly max?: Limit['max'];
  readonly device?: Device;
  readonly told?: Partial<Told>;
  readonly place?: string | null;
  readonly id?: string;
  readonly tokenHash?: Uint8Array;
  readonly method?: Session['method'];
};

export function admission(gate: Gate, given: Given = {}): Admit {
  const {
    max = 1,
    device = DEVICE,
    place = null,
    told = {},
    id = newSessionId(),
    tokenHash,
    method = 'password',
    ...rest
  } = given;
  return {
    session: {
      id,
      tokenHash: tokenHash ?? newSessionToken(gate.accountId).hash,
      device,
      place,
      ...{ coordinates: null, network: null, client: null, binding: null, ...told },
      method,
      lifetimeMs: LIFETIME_MS,
      isFresh: method !== 'imported',
    },
    gate,
    spends: [],
    limits: [{ bucket: 'account', max }],
    whenFull: 'displace',
    idleMs: IDLE_MS,
    rule: RULE,
    ...rest,
  };
}

export type In = Extract<Admitted, { kind: 'admitted' }> & { readonly token: TokenRef };

export async function signIn(store: RedisStore, gate: Gate, given: Given = {}): Promise<In> {
  const request = admission(gate, given);
  const outcome = await store.sessions.admit(request);
  assert.equal(outcome.kind, 'admitted');
  const token = { accountId: gate.accountId, hash: request.session.tokenHash };
  return { ...(outcome as Extract<Admitted, { kind: 'admitted' }>), token };
}

export async function endingOf(store: RedisStore, { token }: In): Promise<Session['ending']> {
  const found = await store.sessions.find(token);
  assert.ok(found !== null, 'the session is gone');
  return found.session.ending;
}

export async function liveOf(store: RedisStore, gate: Gate): Promise<readonly Session[]> {
  return (await store.sessions.list(gate.accountId)).sessions;
}

/** Starts all at once, over two connections, and waits for every outcome. */
export async function atOnce<T>(
  world: World,
  times: number,
  work: (store: RedisStore, turn: number) => Promise<T>,
): Promise<readonly T[]> {
  const stores = [world.store, await world.connect()] as const;
  return await Promise.all(Array.from({ length: times }, (_, turn) => work(stores[turn % 2] ?? world.store, turn)));
}

export function secret(of: number): Uint8Array {
  return new Uint8Array(32).fill(of);
}
