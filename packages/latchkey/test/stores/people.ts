/** Accounts and sign-ins of tests that look at a store itself. */
import { newSessionId, newSessionToken } from '../../src/crypto/token.ts';
import type { Gate } from '../../src/model/account.ts';
import type { Session, TokenRef } from '../../src/model/session.ts';
import type { Admit, Admitted, Store } from '../../src/stores/store.ts';

let made = 0;

export async function makeAccount(store: Store, username = `user${++made}`): Promise<Gate> {
  const created = await store.accounts.create({
    username,
    usernameKey: username,
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
  });
  if (created.kind !== 'created') throw new Error(created.kind);
  return created.record.gate;
}

/** What is asked of the store for a sign-in that leaves `max` sessions. */
export function admission(gate: Gate, max: number | 'unlimited' = 1): Admit {
  return {
    session: {
      id: newSessionId(),
      tokenHash: newSessionToken(gate.accountId).hash,
      device: { id: null, class: 'cli', name: 'curl' },
      ...{ place: null, coordinates: null, network: null, client: null, binding: null },
      method: 'password',
      lifetimeMs: 86_400_000,
      isFresh: true,
    },
    gate,
    spends: [],
    limits: [{ bucket: 'account', max }],
    whenFull: 'displace',
    idleMs: 36_000_000,
    rule: 'the rule',
  };
}

export type SignedIn = Extract<Admitted, { kind: 'admitted' }> & { readonly token: TokenRef };

export async function signIn(store: Store, gate: Gate, max: number | 'unlimited' = 1): Promise<SignedIn> {
  const asked = admission(gate, max);
  const outcome = await store.sessions.admit(asked);
  if (outcome.kind !== 'admitted') throw new Error(outcome.kind);
  return { ...outcome, token: { accountId: gate.accountId, hash: asked.session.tokenHash } };
}

export async function endingOf(store: Store, { token }: SignedIn): Promise<Session['ending'] | undefined> {
  return (await store.sessions.find(token))?.session.ending;
}
