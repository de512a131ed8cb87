/** An import from elsewhere that is killed at whatever step, and run again, ends as one that was not. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { Parts } from '../../src/flows/parts.ts';
import { open } from '../../src/latchkey.ts';
import { betterAuthSource } from '../../src/moving/elsewhere/better-auth.ts';
import { type PeopleSource, readBatches } from '../../src/moving/elsewhere/read-batches.ts';
import { importBatch } from '../../src/moving/import-accounts.ts';
import { ImportReport } from '../../src/moving/import-report.ts';
import { openRows } from '../../src/moving/sources/open.ts';
import { temporaryFolder } from '../serving.ts';
import { broughtTo, inSqlite } from './elsewhere.ts';

/** More than a batch, so that there are two. */
const PEOPLE = 510;

class Killed extends Error {}

/** Counts the steps that change something or wait for it, and dies before one of them or after it. */
class Killing {
  steps = 0;
  readonly #at: number;
  constructor(at: number) {
    this.#at = at;
  }
  async step<T>(work: () => Promise<T>): Promise<T> {
    if (this.steps++ === this.#at) throw new Killed();
    const done = await work();
    if (this.steps++ === this.#at) throw new Killed();
    return done;
  }
}

/** The command's own loop, over a source and a store whose every call is a step. */
async function importOnce(from: string, file: string, killing: Killing): Promise<ImportReport> {
  const environment = { LATCHKEY_DATABASE: `sqlite:${file}`, LATCHKEY_PASSWORD_HASH: 'dangerously-cheap' };
  const opened = await open({}, { environment, role: 'command' });
  const rows = await openRows(from, 'read');
  try {
    const { parts } = opened.assembled;
    const source = await betterAuthSource(rows, { mapping: {}, openText: () => null, now: 0 });
    const killable: PeopleSource = {
      ...source,
      async *ids() {
        for await (const ids of source.ids()) yield await killing.step(async () => ids);
      },
      people: (ids) => killing.step(() => source.people(ids)),
    };
    const { imports } = parts.store;
    const store: Parts['store'] = {
      ...parts.store,
      imports: {
        ...imports,
        allot: (seen) => killing.step(() => imports.allot(seen)),
        allotted: (page) => killing.step(() => imports.allotted(page)),
        accounts: (batch) => killing.step(() => imports.accounts(batch)),
      },
    };
    const report = new ImportReport();
    const note: ImportReport['note'] = (what, who) => report.note(what, who);
    const { settings, keys } = parts;
    const reading = { imports: store.imports, source: killable, settings, keys, note, isWhole: true, isLook: false };
    for await (const batch of readBatches(reading, 0)) {
      await importBatch({ parts: { ...parts, store }, report, isLook: false }, batch);
    }
    return report;
  } finally {
    await rows.close();
    await opened.auth.close();
  }
}

describe('an import that is killed', () => {
  test('at each of its steps and run again ends as one that was not, when it began and when it goes on', async () => {
    const folder = temporaryFolder();
    const there = inSqlite(`${folder.path}/auth.db`);
    await there.run(`
      create table "user" ("id" text primary key, "name" text, "email" text, "emailVerified" integer, "createdAt" date);
      create table "account" ("id" text primary key, "accountId" text, "providerId" text, "userId" text, "password" text);
    `);
    await there.run('BEGIN');
    for (let at = 0; at < PEOPLE; at++) {
      const id = `p${String(at).padStart(4, '0')}`;
      await there.run('INSERT INTO "user" VALUES (?, ?, ?, 1, ?)', [id, id, `${id}@shop.test`, '2024-01-01']);
      await there.run('INSERT INTO "account" VALUES (?, ?, ?, ?, NULL)', [id, `g${at}`, 'google', id]);
    }
    await there.run('COMMIT');
    const whole = `${folder.path}/whole.db`;
    const counted = new Killing(Number.POSITIVE_INFINITY);
    await importOnce(there.from, whole, counted);
    assert.ok(counted.steps >= 20, `${counted.steps} steps`);

    for (let at = 0; at < counted.steps; at++) {
      const file = `${folder.path}/killed-${at}.db`;
      await assert.rejects(importOnce(there.from, file, new Killing(at)), Killed);
      await importOnce(there.from, file, new Killing(Number.POSITIVE_INFINITY));
      assert.deepEqual(broughtTo(file), broughtTo(whole), `killed at step ${at} of the first run`);
    }

    // Names change hands across batches, somebody goes, somebody comes.
    await there.run(`
      UPDATE "user" SET "email" = 'parked@shop.test' WHERE "id" = 'p0001';
      UPDATE "user" SET "email" = 'p0001@shop.test' WHERE "id" = 'p0505';
      UPDATE "user" SET "email" = 'p0505@shop.test' WHERE "id" = 'p0001';
      DELETE FROM "account" WHERE "userId" = 'p0300'; DELETE FROM "user" WHERE "id" = 'p0300';
      INSERT INTO "user" VALUES ('a-new', 'New', 'p0300@shop.test', 1, '2024-01-01');
    `);
    const followed = `${folder.path}/followed.db`;
    copyFileSync(whole, followed);
    const more = new Killing(Number.POSITIVE_INFINITY);
    const { counts } = await importOnce(there.from, followed, more);
    assert.deepEqual([counts.created, counts.changed, counts.removed], [1, 2, 1]);
    for (let at = 0; at < more.steps; at++) {
      const file = `${folder.path}/followed-${at}.db`;
      copyFileSync(whole, file);
      await assert.rejects(importOnce(there.from, file, new Killing(at)), Killed);
      await importOnce(there.from, file, new Killing(Number.POSITIVE_INFINITY));
      assert.deepEqual(broughtTo(file), broughtTo(followed), `killed at step ${at} of the next run`);
    }
    const last = await importOnce(there.from, followed, new Killing(Number.POSITIVE_INFINITY));
    assert.deepEqual([last.counts.same, last.counts.changed, last.counts.created], [PEOPLE, 0, 0]);
    await there.close();
    folder.remove();
  });

  test('takes no more memory for a file of many than some hundred bytes for each', () => {
    const script = new URL('./file-memory.ts', import.meta.url).pathname;
    const said = execFileSync(process.execPath, ['--conditions=source', '--expose-gc', script]).toString();
    const { people, bytes, fileBytes } = JSON.parse(said) as { people: number; bytes: number; fileBytes: number };
    assert.ok(bytes / people < 160, `${Math.round(bytes / people)} bytes for each`);
    assert.ok(bytes < fileBytes / 2, 'the file itself is not kept');
  });
});
