import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { newSessionId, newSessionToken } from '../../src/crypto/token.ts';
import type { Session, TokenRef } from '../../src/model/session.ts';
import { storeApart } from '../../src/stores/apart/store.ts';
import { openRedisStore, type RedisStore } from '../../src/stores/redis/store.ts';
import { sqliteAccounts } from '../../src/stores/sqlite/store.ts';
import { type Admit, type Store, StoreUnavailable } from '../../src/stores/store.ts';
import { until } from '../nodes/fleet.ts';
import { available, openRedis, type RedisServer } from '../servers/redis.ts';
import { temporaryFolder } from '../serving.ts';

const RULE = 'the rule';
const to = { hash: 'new', scheme: 's' };

describe('a change of an account whose sessions are kept elsewhere', { skip: available() ?? false }, () => {
  let redis: RedisServer;
  before(async () => {
    redis = await openRedis();
  });
  after(() => redis.stop());

  /** Nodes on one pair of stores; `faulty` is what one of them makes of its sessions. */
  async function world() {
    const folder = temporaryFolder();
    const keys = redis.freshPrefix();
    const opened: Store[] = [];
    return {
      async node(
        faulty: (sessions: RedisStore['sessions']) => Partial<RedisStore['sessions']> = () => ({}),
      ): Promise<Store> {
        const elsewhere = await openRedisStore(keys.url, { prefix: keys.prefix });
        const sessions = { ...elsewhere.sessions, ...faulty(elsewhere.sessions) };
        const store = storeApart(sqliteAccounts(`${folder.path}/test.db`), { ...elsewhere, sessions });
        opened.push(store);
        return store;
      },
      async close() {
        for (const store of opened) await store.close();
        await keys.clear();
        folder.remove();
      },
    };
  }

  test('P8, I9: whoever dies between its two halves has it finished by another: the sessions end, and late proofs lose', async () => {
    const { node, close } = await world();
    const dying = await node(() => ({ raise: () => Promise.reject(new StoreUnavailable('Redis is gone.')) }));
    const { session, token, gate } = await signedIn(dying);
    const change = { id: gate.accountId, by: session, kept: null, to, outbox: [] };
    await assert.rejects(dying.accounts.changePassword(change), (error) => {
      assert.ok(error instanceof StoreUnavailable);
      assert.match(error.message, /^The change is made, and not in force yet/);
      return true;
    });
    await dying.close();

    const other = await node();
    assert.equal((await other.accounts.find(gate.accountId))?.passwordHash, 'new', 'the first half is kept');
    const ended = async () => (await other.sessions.find(token))?.session.ending?.reason ?? null;
    assert.equal(await ended(), null, 'the second half is still to come');
    await until('another node hands it over', async () => (await ended()) === 'password_changed', 15_000);
    assert.deepEqual(await other.sessions.admit(admission(gate)), { kind: 'void', why: 'proof_void' });
    await close();
  });

  test('P4: what was handed over and is handed over again, late, ends nobody who came after it', async () => {
    const { node, close } = await world();
    const store = await node();
    const { session, gate } = await signedIn(store);
    await store.accounts.changePassword({ id: gate.accountId, by: session, kept: null, to, outbox: [] });
    const after = (await store.accounts.find(gate.accountId))?.gate ?? assert.fail();
    const fresh = admission(after);
    const admitted = await store.sessions.admit(fresh);
    assert.equal(admitted.kind, 'admitted');
    // A gate from before, as somebody who was stopped would bring it.
    const late = await node();
    await late.sessions.admit(admission(gate));
    const { sessions } = await late.sessions.list(gate.accountId);
    assert.deepEqual(
      sessions.map(({ id }) => id),
      [fresh.session.id],
    );
    await close();
  });

  test('P3: a session that ended is told so before anything is changed', async () => {
    const { node, close } = await world();
    const store = await node();
    const { session, gate } = await signedIn(store);
    await store.sessions.end({ accountId: gate.accountId, sessionId: session.id, by: null, reason: 'revoked' });
    const by = session;
    assert.deepEqual(await store.accounts.close({ id: gate.accountId, by }), { over: 'revoked' });
    assert.notEqual(await store.accounts.find(gate.accountId), null);
    await close();
  });
});

let made = 0;

async function signedIn(store: Store) {
  made++;
  const created = await store.accounts.create({
    ...{
      username: `user${made}`,
      usernameKey: `user${made}`,
      email: null,
      emailUnique: true,
      firstName: '',
      lastName: '',
    },
    ...{
      profile: {},
      password: { hash: 'old', scheme: 's' },
      state: 'active',
      roles: [],
      invitation: null,
      link: null,
    },
    outbox: [],
  });
  assert.ok(created.kind === 'created');
  const { gate } = created.record;
  const input = admission(gate);
  const admitted = await store.sessions.admit(input);
  assert.ok(admitted.kind === 'admitted');
  const session: Session = admitted.session;
  const token: TokenRef = { accountId: gate.accountId, hash: input.session.tokenHash };
  return { session, token, gate };
}

function admission(gate: Admit['gate']): Admit {
  const { hash: tokenHash } = newSessionToken(gate.accountId);
  return {
    session: {
      ...{ id: newSessionId(), tokenHash, method: 'password', lifetimeMs: 1e9, isFresh: true },
      ...{ place: null, coordinates: null, network: null, client: null, binding: null },
      device: { id: null, class: 'cli', name: 'curl' },
    },
    ...{ gate, spends: [], limits: [{ bucket: 'account', max: 1 }], whenFull: 'displace', idleMs: 1e9, rule: RULE },
  } as const;
}
