import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { findSharing, type SharingReport } from '../../src/flows/find-sharing.ts';
import { LIKELY } from '../../src/model/sharing.ts';
import { sqliteStore } from '../../src/stores/sqlite/store.ts';
import type { HistoryEntry, Store } from '../../src/stores/store.ts';
import { temporaryFolder } from '../serving.ts';
import { type Judged, judgedOf, YEAR_ENDS } from './judged.ts';
import { writeHistory } from './written.ts';
import { YEAR_STARTS, yearOf } from './year.ts';

const ACCOUNTS = 400;
const SEED = 2;

describe('6.7, all accounts are gone through one after the other', () => {
  const folder = temporaryFolder();
  const entries = [...yearOf(SEED, ACCOUNTS).days()].flat();
  /** How many lines were in each page. */
  const pages: number[] = [];
  const heard: number[] = [];
  let judged: readonly Judged[];
  let report: SharingReport;
  before(async () => {
    judged = judgedOf(SEED, ACCOUNTS);
    const store = await keeping(entries, 'year');
    const byAccount: Store['history']['byAccount'] = async (asked) => {
      const page = await store.history.byAccount(asked);
      pages.push(page.entries.length);
      return page;
    };
    report = await findSharing(
      { history: { ...store.history, byAccount } },
      {
        ...{ from: YEAR_STARTS, until: YEAR_ENDS, top: 10, limit: 1 },
        tell: ({ accountId, highest }) => void heard.push(accountId / highest),
      },
    );
    await store.close();
  });
  after(() => folder.remove());

  async function keeping(lines: readonly HistoryEntry[], name: string): Promise<Store> {
    const path = `${folder.path}/${name}.db`;
    await writeHistory(path, [lines]);
    return sqliteStore(path);
  }

  test('and each has the score that it has alone', () => {
    const scores = judged.map(({ score }, index) => ({ account: index + 1, score }));
    const highest = scores.toSorted((a, b) => b.score - a.score || a.account - b.account).slice(0, 10);
    assert.deepEqual(
      report.suspects.map(({ accountId, score }) => ({ account: accountId, score })),
      highest,
    );
    assert.equal(report.likely, scores.filter(({ score }) => score >= LIKELY).length);
    assert.ok(report.likely > 10, 'more than are listed');
    const seen = new Set(entries.filter(({ kind }) => kind === 'session_opened').map(({ accountId }) => accountId));
    assert.equal(report.accounts, seen.size);
  });

  test('whom one device at a time would cut are those that have two: here nobody who may have but one', () => {
    const { cut } = report;
    assert.ok(cut !== null);
    const [one = 0, two = 0, ...more] = cut.byDevices;
    assert.deepEqual(
      [one + two, more.every((count) => count === 0)],
      [report.accounts, true],
      'limits are one and two',
    );
    assert.ok(two > 0 && cut.accounts === two);
    assert.ok(cut.most.length === 10 && cut.most.every(({ devicesAtOnce }) => devicesAtOnce === 2));
    const [first, last] = [cut.most[0]?.signOuts ?? 0, cut.most[9]?.signOuts ?? 0];
    assert.ok(first >= last && last > 0 && cut.signOuts >= 10 * last);
  });

  test('no more than a page is asked for at a time, and how far it is goes one way', () => {
    assert.ok(pages.length > 10 && pages.every((lines) => lines <= 1000));
    assert.equal(heard.length, pages.length - 1);
    assert.ok(heard.every((part, index) => part >= (heard[index - 1] ?? 0) && part <= 1));
  });

  test('what comes after the time that is asked for was not there', async () => {
    const until = YEAR_STARTS + 100 * 86_400_000;
    const lines = entries.filter(({ at }) => at <= until);
    const given = { from: YEAR_STARTS, until, top: 50, limit: 1, tell: () => undefined };
    const stores = [await keeping(entries, 'all'), await keeping(lines, 'less')];
    const [all, less] = await Promise.all(stores.map((store) => findSharing(store, given)));
    for (const store of stores) await store.close();
    assert.deepEqual(all, less);
  });
});
