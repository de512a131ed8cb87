/** Accounts that live through a store by its real door, on a clock: what history is told of them is what it tells of anybody. */
import assert from 'node:assert/strict';
import type { TestClock } from 'latchkey/testing';
import { newSessionId, newSessionToken } from '../../src/crypto/token.ts';
import type { Gate } from '../../src/model/account.ts';
import type { Coordinates } from '../../src/model/place.ts';
import type { Store } from '../../src/stores/store.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export type SignIn = {
  /** Since the beginning. */
  readonly hours: number;
  readonly account: number;
  readonly device: string;
  readonly network: string;
  readonly coordinates?: Coordinates;
};

/** Makes accounts 1 to `limits.length`, each of so many devices at once, and lets them sign in as is said. Returns their gates. */
export async function live(
  { store, clock }: { readonly store: Store; readonly clock: TestClock },
  limits: readonly number[],
  signIns: readonly SignIn[],
): Promise<readonly Gate[]> {
  const begun = clock();
  const gates: Gate[] = [];
  for (const index of limits.keys()) gates.push(await newAccount(store, index + 1));
  for (const signIn of signIns.toSorted((a, b) => a.hours - b.hours)) {
    clock.advance(begun + signIn.hours * HOUR_MS - clock());
    const gate = gates[signIn.account - 1];
    assert.ok(gate !== undefined);
    await admit(store, gate, { ...signIn, max: limits[signIn.account - 1] ?? 1 });
  }
  return gates;
}

async function newAccount(store: Store, number: number): Promise<Gate> {
  const [username, address] = [`person-${number}`, `person-${number}@mail.test`];
  const created = await store.accounts.create({
    ...{ username, usernameKey: username, email: { address, key: address, verified: true }, emailUnique: true },
    ...{ firstName: '', lastName: '', profile: {}, password: { hash: 'hash', scheme: 'scheme' } },
    ...{ state: 'active', roles: [], invitation: null, link: null, outbox: [] },
  });
  assert.ok(created.kind === 'created' && created.record.account.id === number);
  return created.record.gate;
}

async function admit(store: Store, gate: Gate, signIn: SignIn & { readonly max: number }): Promise<void> {
  const { device, network, coordinates = null, max } = signIn;
  const { kind } = await store.sessions.admit({
    session: {
      id: newSessionId(),
      tokenHash: newSessionToken(gate.accountId).hash,
      device: { id: device, class: 'web', name: 'Firefox on Windows' },
      ...{ place: 'a place with a name', coordinates, network, client: null, binding: null },
      ...{ method: 'password', lifetimeMs: 30 * DAY_MS, isFresh: true },
    },
    gate,
    spends: [],
    limits: [{ bucket: 'account', max }],
    whenFull: 'displace',
    ends: [],
    idleMs: 14 * DAY_MS,
    rule: 'the rule',
  });
  assert.equal(kind, 'admitted');
}
