/** What hangs on an account, on its way back: groups, addresses, second steps. */
import { codesOfSeed } from '../../credentials/django.ts';
import { showRecoveryCode } from '../../credentials/recovery-codes.ts';
import { emailKey } from '../../model/account.ts';
import type { ExportedAccount, Range } from '../../stores/store.ts';
import { quoted, type Row } from '../sources/rows.ts';
import { isTrue, jsonIn, textIn } from '../values.ts';
import type { Exporting } from './export-accounts.ts';

type Page = readonly ExportedAccount[];

const BETWEEN = 'user_id > ? AND user_id <= ?';

/** Roles but for those that are flags are groups, by their names; one that is not there is made. */
export async function writeGroups(exporting: Exporting, page: Page, { after, upTo }: Range): Promise<void> {
  const { rows, tables } = exporting;
  if (tables.groups === null) return;
  const [table, user] = [quoted(tables.groups.table), quoted(tables.groups.user)];
  const numbers = new Map<string, number>();
  for (const row of await rows.ask('SELECT id, name FROM auth_group'))
    numbers.set(textIn(row, 'name'), Number(row['id']));
  const there = Map.groupBy(
    await rows.ask(`SELECT ${user} AS user_id, group_id FROM ${table} WHERE ${user} > ? AND ${user} <= ?`, [
      after,
      upTo,
    ]),
    (row) => Number(row['user_id']),
  );
  for (const { record } of page) {
    const { id, roles } = record.account;
    const wanted = await groupsFor(exporting, roles, numbers);
    const held = new Set((there.get(id) ?? []).map((row) => Number(row['group_id'])));
    const [left, joined] = [held.difference(wanted), wanted.difference(held)];
    for (const group of left) await rows.ask(`DELETE FROM ${table} WHERE ${user} = ? AND group_id = ?`, [id, group]);
    for (const group of joined) await rows.ask(`INSERT INTO ${table} (${user}, group_id) VALUES (?, ?)`, [id, group]);
  }
}

async function groupsFor(
  { rows, tables: { roles: flags } }: Exporting,
  roles: readonly string[],
  numbers: Map<string, number>,
): Promise<ReadonlySet<number>> {
  const wanted = new Set<number>();
  for (const name of roles.filter((role) => role !== flags.is_staff && role !== flags.is_superuser)) {
    if (!numbers.has(name)) {
      const [made] = await rows.ask('INSERT INTO auth_group (name) VALUES (?) RETURNING id', [name]);
      numbers.set(name, Number(made?.['id']));
    }
    wanted.add(numbers.get(name) ?? 0);
  }
  return wanted;
}

export async function writeAddresses(exporting: Exporting, page: Page, { after, upTo }: Range): Promise<void> {
  const sql = `SELECT id, user_id, email, verified, "primary" FROM account_emailaddress WHERE ${BETWEEN}`;
  const there = Map.groupBy(await exporting.rows.ask(sql, [after, upTo]), (row) => Number(row['user_id']));
  for (const exported of page) await writeAddressesOf(exporting, exported, there.get(exported.record.account.id) ?? []);
}

/** Further addresses that nobody has verified did not come along, and stay as they are. */
async function writeAddressesOf(
  { rows }: Exporting,
  { record, addresses }: ExportedAccount,
  there: readonly Row[],
): Promise<void> {
  const held = new Map(there.map((row) => [emailKey(textIn(row, 'email')), row]));
  const wanted = new Set(addresses.map(({ key }) => key));
  const gone = [...held].filter(
    ([key, row]) => !wanted.has(key) && (isTrue(row['verified']) || isTrue(row['primary'])),
  );
  for (const [, row] of gone) await rows.ask('DELETE FROM account_emailaddress WHERE id = ?', [row['id']]);
  for (const { address, key, verified, isPrimary } of addresses) {
    const row = held.get(key);
    if (row === undefined) {
      const values = [record.account.id, address, verified, isPrimary];
      const sql = 'INSERT INTO account_emailaddress (user_id, email, verified, "primary") VALUES (?, ?, ?, ?)';
      await rows.ask(sql, values);
    } else if (isTrue(row['verified']) !== verified || isTrue(row['primary']) !== isPrimary) {
      const values = [verified, isPrimary, row['id']];
      await rows.ask('UPDATE account_emailaddress SET verified = ?, "primary" = ? WHERE id = ?', values);
    }
  }
}

/** The app goes back, and which of the codes from there were used; those that were made here are hashes. */
export async function writeSecondSteps(
  exporting: Exporting,
  page: Page,
  { after, upTo }: Range,
  secretOf: (exported: ExportedAccount) => string | null,
): Promise<void> {
  const { rows } = exporting;
  const sql = `SELECT id, user_id, type, data FROM mfa_authenticator WHERE ${BETWEEN}`;
  const there = Map.groupBy(await rows.ask(sql, [after, upTo]), (row) => Number(row['user_id']));
  for (const exported of page) {
    const held = there.get(exported.record.account.id) ?? [];
    await writeApp(exporting, exported, {
      secret: secretOf(exported),
      row: held.find((row) => row['type'] === 'totp'),
    });
    const codes = held.find((row) => row['type'] === 'recovery_codes');
    await writeCodes(exporting, exported, codes);
  }
}

async function writeApp(
  { rows }: Exporting,
  { record, credentials }: ExportedAccount,
  { secret, row }: { readonly secret: string | null; readonly row: Row | undefined },
): Promise<void> {
  const { id } = record.account;
  const app = credentials.find(({ kind }) => kind === 'totp');
  if (secret === null || app === undefined) {
    if (row !== undefined) await rows.ask('DELETE FROM mfa_authenticator WHERE id = ?', [row['id']]);
  } else if (row === undefined) {
    const values = [id, 'totp', JSON.stringify({ secret }), timeText(app.createdAt)];
    await rows.ask('INSERT INTO mfa_authenticator (user_id, type, data, created_at) VALUES (?, ?, ?, ?)', values);
  } else if (textIn(jsonIn(row, 'data'), 'secret').replace(/=+$/, '') !== secret) {
    await rows.ask('UPDATE mfa_authenticator SET data = ? WHERE id = ?', [JSON.stringify({ secret }), row['id']]);
  }
}

async function writeCodes(
  { parts, rows, report }: Exporting,
  { record, credentials }: ExportedAccount,
  row: Row | undefined,
): Promise<void> {
  const kept = credentials.find(({ kind }) => kind === 'recovery_codes');
  const data = row === undefined ? {} : jsonIn(row, 'data');
  const seed = textIn(data, 'seed');
  const all = seed === '' ? [] : codesOfSeed(seed, 0);
  const left = kept === undefined ? [] : all.filter((code) => showRecoveryCode(parts.keys, kept, code) !== null);
  if (kept !== undefined && left.length === 0) {
    report.note('recovery codes that were made here: new ones are made there', record.account.id);
  }
  if (row === undefined || Array.isArray(data['migrated_codes'])) return;
  if (left.length === 0) {
    await rows.ask('DELETE FROM mfa_authenticator WHERE id = ?', [row['id']]);
    return;
  }
  const mask = all.reduce((bits, code, at) => bits | (left.includes(code) ? 0 : 1 << at), 0);
  if (mask === Number(data['used_mask'] ?? 0)) return;
  await rows.ask('UPDATE mfa_authenticator SET data = ? WHERE id = ?', [
    JSON.stringify({ ...data, used_mask: mask }),
    row['id'],
  ]);
}

/** As both databases take it. */
function timeText(at: number): string {
  return new Date(at).toISOString().replace('T', ' ').replace('Z', '+00:00');
}
