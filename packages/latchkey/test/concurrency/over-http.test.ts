import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { sqliteStore } from '../../src/stores/sqlite/store.ts';
import type { Store } from '../../src/stores/store.ts';
import { ask, QUICK, type ServingProcess, startServer, temporaryFolder } from '../serving.ts';

const ROUNDS = 200;
const AT_ONCE = 50;
const PASSWORD = 'correct horse 9!';

for (const limit of [1, 3]) {
  describe(`P1, P2, F-1, F-2: exactly ${limit}, over HTTP, from two processes on one file`, () => {
    const folder = temporaryFolder();
    const database = join(folder.path, 'latchkey.db');
    const nodes: ServingProcess[] = [];
    let store: Store;

    before(async () => {
      const environment = { ...QUICK, LATCHKEY_SESSION_LIMIT: String(limit) };
      for (let i = 0; i < 2; i++) nodes.push(await startServer(database, environment));
      store = sqliteStore(database);
    });
    after(async () => {
      await store.close();
      await Promise.all(nodes.map((node) => node.stop()));
      folder.remove();
    });

    const on = (turn: number, path: string): string => `${nodes[turn % 2]?.url}/auth/${path}`;

    test(`${ROUNDS} rounds of ${AT_ONCE} sign-ins at once`, async () => {
      const password = { password1: PASSWORD, password2: PASSWORD };
      await ask(on(0, 'registration/'), { body: { username: 'ann', ...password } });
      for (let round = 0; round < ROUNDS; round++) await oneRound(round);
    });

    async function oneRound(round: number): Promise<void> {
      const body = { username: 'ann', password: PASSWORD };
      const signIns = await Promise.all(
        Array.from({ length: AT_ONCE }, (_, turn) => ask(on(turn, 'login/'), { body })),
      );
      const keys = signIns.map((answer) => String(answer.body['key']));
      assert.equal(new Set(keys).size, AT_ONCE, `round ${round}: every sign-in has a key of its own`);

      // Each key is shown to the node that did not give it: what one has turned off is off on the other.
      const checks = await Promise.all(keys.map((key, turn) => ask(on(turn + 1, 'session/'), { key })));
      const live = checks.filter(({ status }) => status === 200);
      const dead = checks.filter(({ status }) => status !== 200);
      assert.equal(live.length, limit, `round ${round}: live`);
      assert.ok(
        dead.every(({ status, reason }) => status === 401 && reason === 'session_displaced'),
        `round ${round}`,
      );

      const kept = await store.sessions.list(1);
      const newest = 1 + (round + 1) * AT_ONCE;
      const highest = Array.from({ length: limit }, (_, back) => newest - back);
      assert.deepEqual(
        kept.sessions.map(({ sequence }) => sequence),
        highest,
        `round ${round}: the highest sequences`,
      );
      const liveIds = live.map(({ body: { session } }) => (session as { id: string }).id);
      assert.deepEqual(
        liveIds.sort(),
        kept.sessions.map(({ id }) => id).sort(),
        `round ${round}: and these are the live ones`,
      );
    }
  });
}
