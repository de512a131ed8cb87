import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testClock } from 'latchkey/testing';
import { purge } from '../../src/jobs/purge.ts';
import { resolveSettings } from '../../src/resolve-settings.ts';
import { sqliteStore } from '../../src/stores/sqlite/store.ts';

const DAY_MS = 86_400_000;

test('P12: history goes after a year, or when the settings say; but for the last line', async () => {
  const years = resolveSettings({}, {}).settings.history;
  const weeks = resolveSettings({ sessions: { historyDays: 7 } }, {}).settings.history;
  for (const { keepMs } of [years, weeks]) {
    const clock = testClock();
    const store = sqliteStore(':memory:', clock);
    for (const name of ['ann', 'ben', 'cleo']) {
      const created = await store.accounts.create({
        ...{ username: name, usernameKey: name, firstName: '', lastName: '', profile: {}, roles: [] },
        ...{
          email: null,
          emailUnique: true,
          state: 'active',
          password: null,
          invitation: null,
          link: null,
          outbox: [],
        },
      });
      assert.equal(created.kind, 'created');
    }
    const gone = async () => (await purge(store, { endedMs: DAY_MS, historyMs: keepMs })).history;
    clock.advance(keepMs - 1);
    assert.equal(await gone(), 0);
    clock.advance(1);
    assert.equal(await gone(), 2);
    await store.close();
  }
  assert.deepEqual([years.keepMs, weeks.keepMs], [365 * DAY_MS, 7 * DAY_MS]);
});
