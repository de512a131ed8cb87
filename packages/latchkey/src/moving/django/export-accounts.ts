/**
 * Writes accounts back into a Django database, in one transaction: what differs there from here, and nothing else. What cannot go
 * back is told: keys are kept here as hashes, so those that were made here have no way back, and their holders sign in again.
 */
import { randomBytes } from 'node:crypto';
import { readHash } from '../../credentials/hash-schemes.ts';
import { exportedTotp } from '../../credentials/totp.ts';
import { hashOfDjangoSession, hashOfDrfKey, type SecretHash } from '../../crypto/token.ts';
import type { Parts } from '../../flows/parts.ts';
import type { AccountId } from '../../model/account.ts';
import type { ExportedAccount, Range } from '../../stores/store.ts';
import { quoted, type Row, type Rows } from '../sources/rows.ts';
import { textIn, timeIn } from '../values.ts';
import { writeAddresses, writeGroups, writeSecondSteps } from './export-parts.ts';
import type { Field, Tables } from './tables.ts';

const PAGE = 500;

export type Exporting = {
  readonly parts: Parts;
  readonly rows: Rows;
  readonly tables: Tables;
  readonly report: ExportReport;
};

export class ExportReport {
  readonly counts = { made: 0, changed: 0, same: 0, inactive: 0, keys: 0 };
  readonly notes = new Map<string, number[]>();

  note(note: string, id: AccountId): void {
    this.notes.set(note, [...(this.notes.get(note) ?? []), id].slice(0, 1000));
  }
}

/** The accounts that are to be noted as made there, once that is committed: before, nobody knows whose their numbers will be. */
export async function exportAccounts(
  exporting: Exporting,
  tell: (done: number, upTo: number) => void,
): Promise<readonly AccountId[]> {
  const { parts, rows, report } = exporting;
  await parkRenamed(exporting);
  const made: AccountId[] = [];
  let done = 0;
  for (let after = 0; ; ) {
    const page = await parts.store.imports.page({ after, limit: PAGE });
    const upTo = page.at(-1)?.record.account.id;
    if (upTo === undefined) break;
    made.push(...(await writePage(exporting, page, { after, upTo })));
    after = upTo;
    done += page.length;
    tell(done, upTo);
  }
  await closeThere(exporting);
  await endBrowsers(exporting);
  if (rows.dialect === 'postgres') await countOn(exporting);
  report.counts.same -= report.counts.changed;
  return made;
}

export async function noteMade({ store }: Parts, made: readonly AccountId[]): Promise<void> {
  for (let at = 0; at < made.length; at += PAGE) await store.imports.noteExported(made.slice(at, at + PAGE));
}

/** Whether the user with its number there is this account, and nobody to whom Django has given the same number. */
function isSame({ record: { account }, isKnownThere }: ExportedAccount, there: Row): boolean {
  // An export that was killed may not have noted whom it made: the moment of joining is one that nobody can choose.
  const isMade = account.createdAt > 0 && timeIn(there, 'date_joined') === account.createdAt;
  return isKnownThere || (isMade && textIn(there, 'username') === account.username);
}

/** Their columns there, as they are to be. */
function valuesOf({ tables, report }: Exporting, { record, origin }: ExportedAccount, there: Row | null) {
  const { account } = record;
  const flags = [tables.roles.is_staff, tables.roles.is_superuser];
  const values: Partial<Record<Field, unknown>> = {
    username: account.username,
    email: account.email,
    first_name: account.firstName,
    last_name: account.lastName,
    is_active: account.state === 'active',
    is_staff: account.roles.includes(flags[0] ?? ''),
    is_superuser: account.roles.includes(flags[1] ?? ''),
    password: passwordFor(record.passwordHash, origin?.unusable ?? '', there),
  };
  if (values.password === null) {
    report.note('a password that Django cannot read: they choose a new one there by mail', account.id);
    values.password = unusable();
  }
  return Object.entries(values).flatMap(([field, value]) => {
    const column = tables.columns[field as Field];
    return column === null ? [] : [{ field: field as Field, column, value }];
  });
}

function unusable(): string {
  return `!${randomBytes(30).toString('base64url')}`;
}

/** As Django writes hashes; null for one that it has no name for. */
function passwordFor(hash: string | null, noted: string, there: Row | null): string | null {
  if (hash === null) {
    const kept = there === null ? noted : textIn(there, 'password');
    // What nobody could read here is still theirs there.
    return kept.startsWith('!') || (kept !== '' && kept === noted) ? kept : unusable();
  }
  if (hash.startsWith('$argon2')) return `argon2${hash}`;
  const read = readHash(hash, ['md5', 'sha1', 'unsalted_md5', 'unsalted_sha1']);
  return read === null || read.isUnknownToDjango === true ? null : hash;
}

const FIELDS = [
  'username',
  'email',
  'first_name',
  'last_name',
  'is_active',
  'is_staff',
  'is_superuser',
  'password',
] as const;

async function usersThere({ rows, tables }: Exporting, { after, upTo }: Range): Promise<ReadonlyMap<number, Row>> {
  const id = quoted(tables.columns.id ?? 'id');
  const columns = [...FIELDS, 'date_joined' as const].flatMap((field) => {
    const column = tables.columns[field];
    return column === null ? [] : [`${quoted(column)} AS ${field}`];
  });
  const sql = `SELECT ${[`${id} AS id`, ...columns].join(', ')} FROM ${quoted(tables.users)} WHERE ${id} > ? AND ${id} <= ?`;
  return new Map((await rows.ask(sql, [after, upTo])).map((row) => [Number(row['id']), row]));
}

/** Names that were exchanged would be in each other's way: whoever has another one by now gives theirs up first. */
async function parkRenamed(exporting: Exporting): Promise<void> {
  const { parts, rows, tables } = exporting;
  const [id, username] = [quoted(tables.columns.id ?? 'id'), quoted(tables.columns.username ?? 'username')];
  for (let after = 0; ; ) {
    const page = await parts.store.imports.page({ after, limit: PAGE });
    const upTo = page.at(-1)?.record.account.id;
    if (upTo === undefined) return;
    const there = await usersThere(exporting, { after, upTo });
    for (const exported of page) {
      const { record } = exported;
      const row = there.get(record.account.id);
      if (row === undefined || textIn(row, 'username') === record.account.username || !isSame(exported, row)) continue;
      const sql = `UPDATE ${quoted(tables.users)} SET ${username} = ? WHERE ${id} = ?`;
      await rows.ask(sql, [`latchkey-moves-${record.account.id}`, record.account.id]);
    }
    after = upTo;
  }
}

/** Those of them that are not known there yet, and are from now on. */
async function writePage(
  exporting: Exporting,
  all: readonly ExportedAccount[],
  range: Range,
): Promise<readonly AccountId[]> {
  const { report, tables } = exporting;
  const there = await usersThere(exporting, range);
  const { page = [], strangers = [] } = Object.groupBy(all, (exported) => {
    const row = there.get(exported.record.account.id);
    return row === undefined || isSame(exported, row) ? 'page' : 'strangers';
  });
  const taken = new Set(strangers.map(({ record }) => record.account.id));
  for (const id of taken) {
    report.note('their number is somebody else’s there: not brought back. They sign up there, or go on here', id);
  }
  for (const exported of page) await writeUser(exporting, exported, there.get(exported.record.account.id) ?? null);
  await writeGroups(exporting, page, range);
  if (tables.has('account_emailaddress')) await writeAddresses(exporting, page, range);
  if (tables.has('mfa_authenticator')) await writeSecondSteps(exporting, page, range, exportedSecret(exporting));
  if (tables.has('authtoken_token')) await endKeys(exporting, range, taken);
  return page.filter(({ isKnownThere }) => !isKnownThere).map(({ record }) => record.account.id);
}

async function writeUser(exporting: Exporting, exported: ExportedAccount, row: Row | null): Promise<void> {
  const { report } = exporting;
  const isChanged = row === null ? await insertUser(exporting, exported) : await updateUser(exporting, exported, row);
  if (row === null) report.counts.made++;
  else if (isChanged) report.counts.changed++;
  if (row !== null) report.counts.same++;
  if (exported.credentials.some(({ kind }) => kind === 'passkey')) {
    report.note('a passkey: it is registered there again', exported.record.account.id);
  }
}

function exportedSecret({ parts }: Exporting): (exported: ExportedAccount) => string | null {
  return ({ credentials }) => {
    const app = credentials.find(({ kind }) => kind === 'totp');
    return app === undefined ? null : exportedTotp(parts.keys, app);
  };
}

async function insertUser(exporting: Exporting, exported: ExportedAccount): Promise<boolean> {
  const { rows, tables } = exporting;
  const { id, createdAt } = exported.record.account;
  const values = valuesOf(exporting, exported, null).map(({ column, value }) => [column, value] as const);
  const joined = tables.columns.date_joined;
  const time = new Date(createdAt)
    .toISOString()
    .replace('T', ' ')
    .replace('Z', rows.dialect === 'postgres' ? '+00' : '');
  const all = [
    [tables.columns.id ?? 'id', id] as const,
    ...values,
    ...(joined === null ? [] : [[joined, time] as const]),
  ];
  const sql = `INSERT INTO ${quoted(tables.users)} (${all.map(([column]) => quoted(column)).join(', ')}) VALUES (${all.map(() => '?').join(', ')})`;
  await rows.ask(
    sql,
    all.map(([, value]) => value),
  );
  return true;
}

async function updateUser(exporting: Exporting, exported: ExportedAccount, there: Row): Promise<boolean> {
  const { rows, tables } = exporting;
  const isOther = (field: Field, value: unknown): boolean =>
    typeof value === 'boolean' ? Boolean(there[field]) !== value : textIn(there, field) !== value;
  const values = valuesOf(exporting, exported, there).filter(({ field, value }) => isOther(field, value));
  if (values.length === 0) return false;
  const set = values.map(({ column }) => `${quoted(column)} = ?`).join(', ');
  const sql = `UPDATE ${quoted(tables.users)} SET ${set} WHERE ${quoted(tables.columns.id ?? 'id')} = ?`;
  await rows.ask(sql, [...values.map(({ value }) => value), exported.record.account.id]);
  return true;
}

/** Whether what came along as this has ended here. One that is not known was made there since. */
async function hasEnded({ parts: { store } }: Exporting, hash: SecretHash | null): Promise<boolean> {
  if (hash === null || (await store.imports.key(hash)) === null) return false;
  const found = await store.sessions.find({ accountId: null, hash });
  return found === null || found.session.ending !== null;
}

/** Keys that ended here end there: nobody who was signed out is in again by going back. */
async function endKeys(exporting: Exporting, { after, upTo }: Range, taken: ReadonlySet<AccountId>): Promise<void> {
  const { rows, report } = exporting;
  const sql = 'SELECT key, user_id FROM authtoken_token WHERE user_id > ? AND user_id <= ?';
  for (const row of await rows.ask(sql, [after, upTo])) {
    if (taken.has(Number(row['user_id'])) || !(await hasEnded(exporting, hashOfDrfKey(textIn(row, 'key'))))) continue;
    await rows.ask('DELETE FROM authtoken_token WHERE key = ?', [row['key']]);
    report.counts.keys++;
  }
}

async function endBrowsers(exporting: Exporting): Promise<void> {
  const { rows, report, tables } = exporting;
  if (!tables.has('django_session')) return;
  for (let after = ''; ; ) {
    const sql = `SELECT session_key FROM django_session WHERE session_key > ? ORDER BY session_key LIMIT ${PAGE}`;
    const found = await rows.ask(sql, [after]);
    const last = found.at(-1);
    if (last === undefined) return;
    after = textIn(last, 'session_key');
    for (const row of found) {
      const key = textIn(row, 'session_key');
      if (!(await hasEnded(exporting, hashOfDjangoSession(key)))) continue;
      await rows.ask('DELETE FROM django_session WHERE session_key = ?', [key]);
      report.counts.keys++;
    }
  }
}

/** Who was closed here is kept out there. To delete them is Django's: it knows what hangs on them. */
async function closeThere(exporting: Exporting): Promise<void> {
  const { imports } = exporting.parts.store;
  for (let after = 0; ; ) {
    const closed = await imports.closed({ after, limit: PAGE });
    for (const number of closed) await keepOut(exporting, number);
    const last = closed.at(-1);
    if (last === undefined) return;
    after = last;
  }
}

async function keepOut({ rows, tables, report }: Exporting, number: AccountId): Promise<void> {
  const { columns, users } = tables;
  const [id, password] = [quoted(columns.id ?? 'id'), quoted(columns.password ?? 'password')];
  const active = columns.is_active === null ? '' : `, ${quoted(columns.is_active)} = ?`;
  const [found] = await rows.ask(`SELECT 1 AS found FROM ${quoted(users)} WHERE ${id} = ?`, [number]);
  if (found === undefined) return;
  const values = [unusable(), ...(active === '' ? [] : [false]), number];
  await rows.ask(`UPDATE ${quoted(users)} SET ${password} = ?${active} WHERE ${id} = ?`, values);
  if (tables.has('authtoken_token')) await rows.ask('DELETE FROM authtoken_token WHERE user_id = ?', [number]);
  report.counts.inactive++;
  report.note('closed here: not active there. Delete them in Django, so that what hangs on them goes, too', number);
}

/** Users that are made there get numbers beyond those that were made here. */
async function countOn({ rows, tables }: Exporting): Promise<void> {
  const id = tables.columns.id ?? 'id';
  await rows.ask(
    `SELECT setval(pg_get_serial_sequence(?, ?), (SELECT max(${quoted(id)}) FROM ${quoted(tables.users)})) WHERE pg_get_serial_sequence(?, ?) IS NOT NULL`,
    [quoted(tables.users), id, quoted(tables.users), id],
  );
}
