/** A database of an earlier version is opened as it is, with all that is in it. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { testClock } from 'latchkey/testing';
import { newSessionId, newSessionToken } from '../../src/crypto/token.ts';
import { migrations } from '../../src/stores/sqlite/migrations.ts';
import { sqliteStore } from '../../src/stores/sqlite/store.ts';
import { temporaryFolder } from '../serving.ts';

describe('migrations', () => {
  test('who came along before sources were told apart came along from Django', async () => {
    const folder = temporaryFolder();
    const file = join(folder.path, 'old.db');
    const before = new DatabaseSync(file);
    for (const { sql } of migrations.filter(({ number }) => number <= 7)) before.exec(sql);
    before.exec(`PRAGMA user_version = 7;
      INSERT INTO account VALUES (5, 'ann', 'ann', '', '', '{}', NULL, NULL, 'active', '[]', 1, 1, NULL, 'revoked', 1);
      INSERT INTO imported VALUES (5, '', '', 0);`);
    before.close();
    const store = sqliteStore(file, testClock());
    assert.deepEqual([await store.imports.count('django'), await store.imports.count('clerk')], [1, 0]);
    assert.deepEqual(await store.imports.allot({ source: 'clerk', ids: ['a'], isLook: false }), [6]);
    await store.close();
    folder.remove();
  });

  test('stand in their order, without a gap', () => {
    assert.deepEqual(
      migrations.map(({ number }) => number),
      migrations.map((_, index) => index + 1),
    );
  });

  test('a session that was opened before places, clients and bindings were kept lives on without, beside new ones, and can be bound', async () => {
    const folder = temporaryFolder();
    const file = join(folder.path, 'old.db');
    const clock = testClock();
    const { hash } = newSessionToken(1);
    const before = new DatabaseSync(file);
    before.exec(`${migrations[0]?.sql}; PRAGMA user_version = 1;`);
    const now = clock();
    before
      .prepare(
        `INSERT INTO account VALUES (1, 'ann', 'ann', '', '', '{}', NULL, NULL, 'active', '[]', 1, 1, NULL, 'revoked', ?)`,
      )
      .run(now);
    before
      .prepare(
        `INSERT INTO session VALUES (?, 'ses_old', 1, 1, NULL, 'cli', 'curl', 'password', ?, ?, ?, ?, 1, '[]', NULL, NULL, NULL, NULL, NULL)`,
      )
      .run(hash, now, now, now, now + 1_000_000);
    before.exec(`INSERT INTO gate VALUES (1, 'active', '[]', 1, 1, NULL, 'revoked', 1)`);
    before.close();

    const store = sqliteStore(file, clock);
    const old = await store.sessions.find({ accountId: 1, hash });
    assert.deepEqual([old?.session.id, old?.session.device.name, old?.session.place], ['ses_old', 'curl', null]);
    assert.equal(old?.session.ending, null);
    assert.deepEqual([old?.session.client, old?.session.binding], [null, null]);
    const by = old?.session ?? assert.fail();
    const binding = { kind: 'dpop', thumbprint: 'of a key' } as const;
    assert.deepEqual(await store.sessions.bind({ by, accountId: 1, binding }), { ...by, binding });
    const gate = (await store.accounts.find(1))?.gate ?? assert.fail();
    const device = { id: null, class: 'web', name: 'Firefox on Windows' } as const;
    const lifetimeMs = 1_000_000;
    const { hash: tokenHash } = newSessionToken(1);
    await store.sessions.admit({
      session: {
        ...{ id: newSessionId(), tokenHash, device, place: 'Graz', method: 'password', lifetimeMs, isFresh: true },
        ...{ coordinates: null, network: null, client: 'app', binding: null },
      },
      ...{
        gate,
        spends: [],
        limits: [{ bucket: 'account', max: 2 }],
        whenFull: 'displace',
        ends: [],
        idleMs: 1_000,
        rule: 'one',
      },
    });
    const { sessions } = await store.sessions.list(1);
    assert.deepEqual(
      sessions.map(({ place, client }) => [place, client]),
      [
        ['Graz', 'app'],
        [null, null],
      ],
    );
    await store.close();

    const again = sqliteStore(file, clock);
    assert.equal(
      (await again.sessions.find({ accountId: 1, hash: tokenHash }))?.session.place,
      'Graz',
      'a step is taken once',
    );
    await again.close();
    folder.remove();
  });
});
