/** Browsers that are signed in to Django: their sessions come along where they open with its `SECRET_KEY`. */
import { isOfPassword, readSession } from '../../credentials/django.ts';
import { hashOfDjangoSession } from '../../crypto/token.ts';
import { admitWanted, endGone, type Importing, type Wanted, wantedSession } from '../import-accounts.ts';
import { PAGE, quoted, type Row } from '../sources/rows.ts';
import { textIn, timeIn } from '../values.ts';
import type { Reading } from './read-accounts.ts';

export async function importSessions(importing: Importing, reading: Reading, now: number): Promise<void> {
  const secret = reading.settings.django.secretKey();
  if (secret === null || !reading.tables.has('django_session')) return;
  const there = new Prefixes();
  const sql = `SELECT session_key, session_data, expire_date FROM django_session WHERE session_key > ? ORDER BY session_key LIMIT ${PAGE}`;
  for (let after = ''; ; ) {
    const found = await reading.rows.ask(sql, [after]);
    const last = found.at(-1);
    if (last === undefined) break;
    after = textIn(last, 'session_key');
    const wanted = await wantedOf({ importing, reading, secret, now }, found, there);
    importing.report.counts.browsers += await admitWanted(importing, wanted);
  }
  there.sort();
  await endThoseGone(importing, there);
}

type Opening = {
  readonly importing: Importing;
  readonly reading: Reading;
  readonly secret: string;
  readonly now: number;
};

async function wantedOf(
  { importing, reading, secret, now }: Opening,
  found: readonly Row[],
  there: Prefixes,
): Promise<readonly Wanted[]> {
  const read = found.flatMap((row) => {
    const lifetimeMs = (timeIn(row, 'expire_date') ?? 0) - now;
    const owner = lifetimeMs > 0 ? readSession(textIn(row, 'session_data'), secret) : null;
    const hash = hashOfDjangoSession(textIn(row, 'session_key'));
    // What has expired, and what nobody is signed in by, is nothing that anybody misses.
    if (owner === null || hash === null) return [];
    return [{ key: textIn(row, 'session_key'), hash, owner, lifetimeMs }];
  });
  const passwords = await passwordsOf(reading, [...new Set(read.map(({ owner }) => owner.accountId))]);
  const wanted: Wanted[] = [];
  for (const { key, hash, owner, lifetimeMs } of read) {
    if (!isOfPassword(owner, passwords.get(owner.accountId) ?? '', secret)) {
      reading.note('session_void', `account ${owner.accountId}`);
      continue;
    }
    there.add(hash);
    if ((await importing.parts.store.imports.key(hash)) !== null) continue;
    wanted.push(wantedSession(owner.accountId, key, lifetimeMs));
  }
  return wanted;
}

async function passwordsOf({ rows, tables }: Reading, ids: readonly number[]): Promise<ReadonlyMap<number, string>> {
  if (ids.length === 0) return new Map();
  const [id, password] = [quoted(tables.columns.id ?? 'id'), quoted(tables.columns.password ?? 'password')];
  const found = await rows.ask(
    `SELECT ${id} AS id, ${password} AS password FROM ${quoted(tables.users)} WHERE ${id} IN (${ids.map(() => '?').join(', ')})`,
    ids,
  );
  return new Map(found.map((row) => [Number(row['id']), textIn(row, 'password')]));
}

/** Those that came along and are there no more have signed out. */
async function endThoseGone(importing: Importing, there: Prefixes): Promise<void> {
  const { accounts, imports } = importing.parts.store;
  for (let after = 0; ; ) {
    const page = await accounts.page({ after, limit: PAGE });
    const upTo = page.at(-1)?.id;
    if (upTo === undefined) return;
    const known = (await imports.keys({ after, upTo })).filter(({ kind }) => kind === 'browser');
    const gone = known.filter(({ hash }) => !there.has(hash));
    importing.report.counts.ended += await endGone(importing, gone);
    after = upTo;
  }
}

/** Which hashes were seen, by their first eight bytes: eight megabytes for a million. */
class Prefixes {
  private seen = new BigUint64Array(1024);
  private length = 0;

  add(hash: Uint8Array): void {
    if (this.length === this.seen.length) {
      const larger = new BigUint64Array(this.seen.length * 2);
      larger.set(this.seen);
      this.seen = larger;
    }
    this.seen[this.length++] = prefixOf(hash);
  }

  /** Once all are in, and before any is looked for. */
  sort(): void {
    this.seen = this.seen.subarray(0, this.length).sort();
  }

  has(hash: Uint8Array): boolean {
    const wanted = prefixOf(hash);
    let [low, high] = [0, this.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.seen[middle] ?? 0n) < wanted) low = middle + 1;
      else high = middle;
    }
    return this.seen[low] === wanted;
  }
}

function prefixOf(hash: Uint8Array): bigint {
  return Buffer.from(hash).readBigUInt64BE(0);
}
