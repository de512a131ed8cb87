import assert from 'node:assert/strict';
import { describe, mock, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { newSessionId, newSessionToken } from '../../src/crypto/token.ts';
import { firstGate } from '../../src/model/account.ts';
import { followEndings } from '../../src/sessions/endings.ts';
import { sqliteStore } from '../../src/stores/sqlite/store.ts';
import { type EndingNotice, type Store, StoreUnavailable } from '../../src/stores/store.ts';
import { temporaryFolder } from '../serving.ts';

/** Opens a session of account 1 and ends the one before it. Returns its id. */
async function signIn(store: Store, limit: number | 'unlimited' = 1): Promise<string> {
  const id = newSessionId();
  const admitted = await store.sessions.admit({
    session: {
      id,
      tokenHash: newSessionToken(1).hash,
      device: { id: null, class: 'cli', name: 'curl' },
      ...{ place: null, coordinates: null, network: null, client: null, binding: null },
      method: 'password',
      lifetimeMs: 1_000_000,
      isFresh: true,
    },
    gate: firstGate(1, []),
    spends: [],
    limits: [{ bucket: 'account', max: limit }],
    whenFull: 'displace',
    idleMs: 1_000_000,
    rule: 'rule',
  });
  assert.equal(admitted.kind, 'admitted');
  return id;
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await turn();
}

type Ill = Partial<Pick<Store['sessions'], 'changes' | 'position'>>;

/** A store whose reading of endings can be made ill and well again. */
async function withStore(run: (store: Store, ail: (ill: Ill) => void) => Promise<void>): Promise<void> {
  const store = sqliteStore(':memory:');
  let ill: Ill = {};
  const sessions: Store['sessions'] = {
    ...store.sessions,
    changes: (since) => (ill.changes ?? store.sessions.changes)(since),
    position: () => (ill.position ?? store.sessions.position)(),
  };
  mock.timers.enable({ apis: ['setInterval', 'setTimeout'] });
  try {
    await run({ ...store, sessions }, (given) => {
      ill = given;
    });
  } finally {
    mock.timers.reset();
    await store.close();
  }
}

const down = async (): Promise<never> => {
  throw new StoreUnavailable('The database cannot be read.');
};

describe('following the endings of a store that falls ill', () => {
  test('P5: what ended meanwhile is told when it is well again, once and in its order, and one line is logged', async () => {
    await withStore(async (store, ail) => {
      const warnings: string[] = [];
      const endings = followEndings(store, (_, text) => warnings.push(text));
      const heard: EndingNotice[] = [];
      endings.onEnded((ending) => heard.push(ending));
      const first = await signIn(store);
      ail({ changes: down });
      const second = await signIn(store);
      await signIn(store);
      endings.nudge();
      await until(() => warnings.length > 0);
      for (let second_ = 0; second_ < 5; second_++) {
        mock.timers.tick(1_000);
        for (let time = 0; time < 5; time++) await turn();
      }
      assert.deepEqual(heard, []);
      ail({});
      mock.timers.tick(1_000);
      await until(() => heard.length >= 2);
      assert.deepEqual(
        heard.map(({ sessionId }) => sessionId),
        [first, second],
      );
      assert.equal(warnings.length, 1);
      endings.close();
    });
  });

  test('P5: that it was ill when the first listener came stops nothing, and rejects nothing that nobody catches', async () => {
    await withStore(async (store, ail) => {
      const heard: EndingNotice[] = [];
      ail({ position: down });
      const endings = followEndings(store, () => undefined);
      endings.onEnded((ending) => heard.push(ending));
      // A rejection that nobody catches would end the process between these turns.
      for (let time = 0; time < 5; time++) await turn();
      ail({});
      endings.nudge();
      for (let time = 0; time < 5; time++) await turn();
      const first = await signIn(store);
      await signIn(store);
      mock.timers.tick(1_000);
      endings.nudge();
      await until(() => heard.length > 0);
      assert.deepEqual(
        heard.map(({ sessionId }) => sessionId),
        [first],
      );
      endings.close();
    });
  });

  test('after the end nothing is read, and nothing told', async () => {
    await withStore(async (store, ail) => {
      const heard: EndingNotice[] = [];
      const warnings: string[] = [];
      const endings = followEndings(store, (_, text) => warnings.push(text));
      endings.onEnded((ending) => heard.push(ending));
      await signIn(store);
      await signIn(store);
      const { promise, resolve } = Promise.withResolvers<void>();
      ail({
        async changes(since) {
          await promise;
          return await store.sessions.changes({ ...since, limit: 500 });
        },
      });
      endings.nudge();
      endings.close();
      ail({});
      resolve();
      mock.timers.tick(60_000);
      endings.nudge();
      for (let time = 0; time < 10; time++) await turn();
      assert.deepEqual([heard, warnings], [[], []]);
    });
  });

  test('more than one batch is told in full', async () => {
    await withStore(async (store) => {
      const heard: EndingNotice[] = [];
      const endings = followEndings(store, () => undefined);
      endings.onEnded((ending) => heard.push(ending));
      const opened: string[] = [];
      for (let time = 0; time < 501; time++) opened.push(await signIn(store, 'unlimited'));
      await signIn(store, 1);
      endings.nudge();
      await until(() => heard.length >= 501);
      assert.deepEqual(
        heard.map(({ sessionId }) => sessionId),
        opened,
      );
      endings.close();
    });
  });
});

describe('watching a file', () => {
  test('P5: a watch on a store that is closed, or cannot be asked, ends nothing else', async () => {
    mock.timers.enable({ apis: ['setInterval'] });
    const folder = temporaryFolder();
    try {
      const store = sqliteStore(`${folder.path}/test.db`);
      let changes = 0;
      const stop = store.sessions.watch(() => changes++);
      await store.close();
      mock.timers.tick(1_000);
      // Once, for whoever looks to find out; then there is no more news.
      assert.equal(changes, 1);
      stop();
    } finally {
      mock.timers.reset();
      folder.remove();
    }
  });
});
