/** The world that each case of the conformance suite gets, and what cases of several files make, ask and look up in it. */
import assert from 'node:assert/strict';
import { newSessionId, newSessionToken } from '../../crypto/token.ts';
import type { Gate } from '../../model/account.ts';
import type { Limit } from '../../model/admission.ts';
import type { Binding } from '../../model/binding.ts';
import type { NewCredential } from '../../model/credential.ts';
import type { Device } from '../../model/device.ts';
import type { Session, TokenRef } from '../../model/session.ts';
import type {
  AccountRecord,
  Admit,
  Admitted,
  CredentialRefused,
  NewAccount,
  NewOnce,
  Over,
  Store,
  Voided,
} from '../../stores/store.ts';
import type { TestClock } from '../clock.ts';

export type World = {
  readonly store: Store;
  readonly clock: TestClock;
  /** Another connection to the same data, as another process would have it. */
  connect(): Promise<Store>;
};

export type ConformanceCase = { readonly name: string; readonly run: (world: World) => Promise<void> };

export type Cases = Readonly<Record<string, (world: World) => Promise<void>>>;

export const HOUR_MS = 3_600_000;
export const IDLE_MS = 10 * HOUR_MS;
export const LIFETIME_MS = 24 * HOUR_MS;
export const RULE = 'the rule';
export const DEVICE: Device = { id: null, class: 'cli', name: 'curl' };
export const KEY: Binding = { kind: 'dpop', thumbprint: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' };
export const BROWSER_KEY: Binding = {
  ...{ kind: 'dbsc', id: 'browser’s "own"', algorithm: 'ES256' },
  key: '{"crv":"P-256","kty":"EC","x":"x","y":"y"}',
};

let made = 0;

/** How many accounts were made until now: it tells the name of each from all others. */
export const accountsMade = (): number => made;

export function newAccount(given: Partial<NewAccount> = {}): NewAccount {
  made++;
  return {
    username: `user${made}`,
    usernameKey: `user${made}`,
    email: null,
    emailUnique: true,
    firstName: '',
    lastName: '',
    profile: {},
    password: { hash: 'hash', scheme: 'scheme' },
    state: 'active',
    roles: [],
    invitation: null,
    link: null,
    outbox: [],
    ...given,
  };
}

export async function makeAccount(store: Store, given: Partial<NewAccount> = {}): Promise<AccountRecord> {
  const created = await store.accounts.create(newAccount(given));
  assert.equal(created.kind, 'created');
  return (created as Extract<typeof created, { kind: 'created' }>).record;
}

export async function newGate(store: Store): Promise<Gate> {
  return (await makeAccount(store)).gate;
}

export function address(of: string, verified = false): NonNullable<NewAccount['email']> {
  return { address: of, key: of.toLowerCase(), verified };
}

export function secret(of: number): Uint8Array {
  return new Uint8Array(32).fill(of);
}

export function link(given: Partial<NewOnce> = {}): NewOnce {
  return { purpose: 'reset-password', hash: secret(1), lifetimeMs: HOUR_MS, data: '', ...given };
}

/** What may be told of a session beside who, where and by what. */
type Told = Pick<Admit['session'], 'coordinates' | 'network' | 'client' | 'binding'>;

type AdmitGiven = Partial<Omit<Admit, 'gate' | 'session'>> & {
  readonly max?: Limit['max'];
  readonly device?: Device;
  readonly place?: string | null;
  readonly told?: Partial<Told>;
  readonly id?: string;
  readonly tokenHash?: Uint8Array;
  readonly method?: Session['method'];
};

export function admission(gate: Gate, given: AdmitGiven = {}): Admit {
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
      isFresh: true,
    },
    gate,
    spends: [],
    limits: [{ bucket: 'account', max }],
    whenFull: 'displace',
    ends: [],
    idleMs: IDLE_MS,
    rule: RULE,
    ...rest,
  };
}

export type In = Extract<Admitted, { kind: 'admitted' }> & { readonly token: TokenRef };

export async function signIn(store: Store, gate: Gate, given: AdmitGiven = {}): Promise<In> {
  const request = admission(gate, given);
  const outcome = await store.sessions.admit(request);
  assert.equal(outcome.kind, 'admitted');
  const token = { accountId: gate.accountId, hash: request.session.tokenHash };
  return { ...(outcome as Extract<Admitted, { kind: 'admitted' }>), token };
}

type Adding = Parameters<Store['credentials']['add']>[0];

/** Adds a credential, by nobody's session and voiding nothing unless said. */
export async function adding(
  store: Store,
  accountId: number,
  credential: Partial<NewCredential> & Pick<NewCredential, 'id' | 'kind' | 'data'>,
  given: Partial<Adding> = {},
): Promise<Voided | Over | CredentialRefused | null> {
  return await store.credentials.add({
    accountId,
    ...{ by: null, provenAt: null, replaces: [], voids: false, kept: null, outbox: [] },
    credentials: [{ label: '', ...credential }],
    ...given,
  });
}

export async function addCredential(...given: Parameters<typeof adding>): Promise<void> {
  const added = await adding(...given);
  assert.ok(added !== null && 'record' in added);
}

export async function stateOf(store: Store, { token }: In): Promise<Session['ending']> {
  const found = await store.sessions.find(token);
  assert.ok(found !== null, 'the session is gone');
  return found.session.ending;
}

/** Starts all at once, over two connections, and waits for every outcome. */
export async function atOnce<T>(
  world: World,
  times: number,
  work: (store: Store, turn: number) => Promise<T>,
): Promise<readonly T[]> {
  const stores = [world.store, await world.connect()] as const;
  return await Promise.all(Array.from({ length: times }, (_, turn) => work(stores[turn % 2] ?? world.store, turn)));
}

/** Which sessions a change ended. */
export function endedBy(done: Voided | Over | CredentialRefused | null): readonly string[] {
  assert.ok(done !== null && 'ended' in done);
  return done.ended.map(({ id }) => id);
}

export const ids = (of: readonly { readonly id: string }[]): readonly string[] => of.map(({ id }) => id);

/** Those that have not ended, by id, the first that was opened first. */
export async function openOf(store: Store, gate: Gate): Promise<readonly string[]> {
  return ids((await store.sessions.list(gate.accountId)).sessions).toReversed();
}
