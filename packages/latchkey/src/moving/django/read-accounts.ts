/** Django's rows become accounts: page by page in the order of their keys, each with all that hangs on it. */
import { codesOfSeed } from '../../credentials/django.ts';
import { schemeOf } from '../../credentials/hash-schemes.ts';
import { importedRecoveryCodes } from '../../credentials/recovery-codes.ts';
import { importedIdentity } from '../../credentials/social/social.ts';
import { importedTotp } from '../../credentials/totp.ts';
import type { Keys } from '../../crypto/keys.ts';
import { emailKey, isEmail, type Json, type Profile, usernameKey } from '../../model/account.ts';
import type { NewCredential } from '../../model/credential.ts';
import type { SourceAccount, SourceAddress } from '../../model/import.ts';
import { OLD_SCHEMES, type PasswordHash } from '../../model/password.ts';
import type { Settings } from '../../model/settings.ts';
import type { SourceBatch } from '../import-accounts.ts';
import type { SourceNote } from '../import-report.ts';
import { issuerOf } from '../providers.ts';
import { PAGE, quoted, type Row, type Rows } from '../sources/rows.ts';
import { base32, isTrue, jsonIn, printOf, textIn, timeIn } from '../values.ts';
import { type Tables, userColumns } from './tables.ts';

/** A database has everybody: who is gone from it is closed here. */
const WHOLE = {
  source: 'django' as const,
  isWhole: true,
  unread: [],
  whoOf: (id: number): string => `account ${id}`,
};

export type Reading = {
  readonly rows: Rows;
  readonly tables: Tables;
  readonly settings: Settings;
  readonly keys: Keys;
  /** Called for what is left behind. */
  readonly note: (note: SourceNote, who: string) => void;
};

export async function countUsers({ rows, tables }: Reading): Promise<number> {
  const [found] = await rows.ask(`SELECT count(*) AS count FROM ${quoted(tables.users)}`);
  return Number(found?.['count'] ?? 0);
}

/** All accounts after a number, in batches. The last is empty, and reaches to the end. */
export async function* readBatches(reading: Reading, after: number): AsyncGenerator<SourceBatch> {
  const { rows, tables } = reading;
  const id = quoted(tables.columns.id ?? 'id');
  const sql = `SELECT ${userColumns(tables)} FROM ${quoted(tables.users)} WHERE ${id} > ? ORDER BY ${id} LIMIT ${PAGE}`;
  for (let from = after; ; ) {
    const users = await rows.ask(sql, [from]);
    const last = Number(users.at(-1)?.['id']);
    if (users.length === 0) {
      yield { ...WHOLE, after: from, upTo: Number.MAX_SAFE_INTEGER, accounts: [], keys: [] };
      return;
    }
    yield { ...WHOLE, after: from, upTo: last, ...(await readBatch(reading, users, { after: from, upTo: last })) };
    from = last;
  }
}

type Between = { readonly after: number; readonly upTo: number };

/** What hangs on the accounts of a batch, by account. */
type Around = {
  readonly groups: ReadonlyMap<number, readonly Row[]>;
  readonly addresses: ReadonlyMap<number, readonly Row[]>;
  readonly socials: ReadonlyMap<number, readonly Row[]>;
  readonly authenticators: ReadonlyMap<number, readonly Row[]>;
  readonly devices: ReadonlyMap<number, readonly Row[]>;
  readonly permissions: ReadonlyMap<number, readonly Row[]>;
};

async function readBatch(
  reading: Reading,
  users: readonly Row[],
  between: Between,
): Promise<Pick<SourceBatch, 'accounts' | 'keys'>> {
  const around = await readAround(reading, between);
  const accounts: SourceAccount[] = [];
  for (const user of users) {
    const account = accountOf(reading, user, around);
    if (account !== null) accounts.push(account);
  }
  const tokens = reading.tables.has('authtoken_token')
    ? await within(reading.rows, 'authtoken_token', 'user_id, key', between)
    : [];
  const found = tokens.map((row) => ({ accountId: Number(row['user_id']), key: textIn(row, 'key') }));
  for (const { accountId, key } of found) {
    if (!/^[0-9a-f]{40}$/.test(key)) reading.note('key_malformed', `account ${accountId}`);
  }
  return { accounts, keys: found.filter(({ key }) => /^[0-9a-f]{40}$/.test(key)) };
}

async function within(rows: Rows, table: string, columns: string, { after, upTo }: Between): Promise<readonly Row[]> {
  return await rows.ask(
    `SELECT ${columns} FROM ${table} WHERE user_id > ? AND user_id <= ? ORDER BY user_id${columns.startsWith('id,') ? ', id' : ''}`,
    [after, upTo],
  );
}

async function readAround({ rows, tables }: Reading, between: Between): Promise<Around> {
  const byUser = (found: readonly Row[]): ReadonlyMap<number, readonly Row[]> =>
    Map.groupBy(found, (row) => Number(row['user_id']));
  const none: readonly Row[] = [];
  const read = (table: Parameters<Tables['has']>[0], columns: string) =>
    tables.has(table) ? within(rows, table, columns, between) : none;
  return {
    groups: byUser(await readGroups(rows, tables, between)),
    addresses: byUser(await read('account_emailaddress', 'id, user_id, email, verified, "primary"')),
    socials: byUser(await read('socialaccount_socialaccount', 'id, user_id, provider, uid, extra_data')),
    authenticators: byUser(await read('mfa_authenticator', 'id, user_id, type, data')),
    devices: byUser(await read('otp_totp_totpdevice', 'id, user_id, confirmed, key, step, t0, digits, last_t')),
    permissions: byUser(await read('auth_user_user_permissions', 'user_id')),
  };
}

async function readGroups(rows: Rows, { groups }: Tables, { after, upTo }: Between): Promise<readonly Row[]> {
  if (groups === null) return [];
  const user = quoted(groups.user);
  return await rows.ask(
    `SELECT of_user.${user} AS user_id, auth_group.name AS name FROM ${quoted(groups.table)} AS of_user JOIN auth_group ON auth_group.id = of_user.group_id WHERE of_user.${user} > ? AND of_user.${user} <= ? ORDER BY of_user.${user}, auth_group.name`,
    [after, upTo],
  );
}

function accountOf(reading: Reading, user: Row, around: Around): SourceAccount | null {
  const id = Number(user['id']);
  const username = textIn(user, 'username');
  if (!Number.isSafeInteger(id) || id < 1) {
    reading.note('number_invalid', `“${username}”`);
    return null;
  }
  const who = `account ${id}`;
  if (username === '') {
    reading.note('username_invalid', who);
    return null;
  }
  if (around.permissions.has(id)) reading.note('permissions', who);
  const addressRows = around.addresses.get(id) ?? [];
  const addresses = addressesOf(reading, user, addressRows);
  const stored = textIn(user, 'password');
  const named = {
    ...{ username, usernameKey: usernameKey(username, reading.settings.accounts.usernameCase) },
    ...{ firstName: textIn(user, 'first_name'), lastName: textIn(user, 'last_name') },
    profile: profileOf(reading.tables, user),
    createdAt: timeIn(user, 'date_joined') ?? 0,
  };
  const rights = {
    state: user['is_active'] === null || isTrue(user['is_active']) ? ('active' as const) : ('suspended' as const),
    roles: rolesOf(reading.tables, user, around.groups.get(id) ?? []),
  };
  const credentials = credentialsOf(reading, id, around);
  const origin = {
    lastLogin: textIn(user, 'last_login').replace('T', ' ').slice(0, 19),
    unusable: schemeOf(stored) === null ? stored : '',
    email: textIn(user, 'email'),
    addresses: addressRows.map((row) => textIn(row, 'email')),
  };
  return {
    id,
    ...named,
    ...rights,
    addresses,
    password: passwordOf(reading, who, stored),
    credentials: credentials.made,
    origin: { ...origin, credentials: credentials.made.map((one) => one.id) },
    // A sign-in there moves the last of them alone, and brings nothing back that was changed here.
    prints: {
      account: printOf(named),
      addresses: printOf(addresses),
      rights: printOf(rights),
      origin: printOf(origin),
      password: printOf(stored),
      credentials: printOf(credentials.said),
    },
  };
}

function passwordOf({ note }: Reading, who: string, stored: string): PasswordHash | null {
  const scheme = schemeOf(stored);
  if (scheme === null) {
    if (!stored.startsWith('!')) note('password_unread', who);
    return null;
  }
  if (OLD_SCHEMES.some((old) => old === scheme)) note('password_old', who);
  return { hash: stored, scheme };
}

/** allauth's where it knows any, its main one first; else the user's own, which nobody has verified. */
function addressesOf({ note }: Reading, user: Row, found: readonly Row[]): readonly SourceAddress[] {
  const who = `account ${user['id']}`;
  const main = textIn(user, 'email');
  const all = found.map((row) => ({
    address: textIn(row, 'email'),
    verified: isTrue(row['verified']),
    number: Number(row['id']),
    isMain: isTrue(row['primary']),
  }));
  if (main !== '' && !all.some(({ address }) => emailKey(address) === emailKey(main))) {
    all.push({ address: main, verified: false, number: Number.NaN, isMain: false });
  }
  const rank = ({ address, isMain }: (typeof all)[number]): number =>
    isMain ? 0 : emailKey(address) === emailKey(main) ? 1 : 2;
  const kept = new Map<string, SourceAddress>();
  for (const { address, verified, number } of all.toSorted((a, b) => rank(a) - rank(b))) {
    const key = emailKey(address);
    if (!isEmail(address)) note('address_invalid', who);
    else if (kept.size > 0 && !verified) note('address_unverified', who);
    else if (!kept.has(key)) kept.set(key, { address, key, verified, number: Number.isNaN(number) ? null : number });
  }
  return [...kept.values()];
}

function rolesOf({ roles }: Tables, user: Row, groups: readonly Row[]): readonly string[] {
  const flags = [
    ...(isTrue(user['is_staff']) ? [roles.is_staff] : []),
    ...(isTrue(user['is_superuser']) ? [roles.is_superuser] : []),
  ];
  return [...new Set([...flags, ...groups.map((row) => textIn(row, 'name'))])];
}

function profileOf({ profile }: Tables, user: Row): Profile {
  return Object.fromEntries(profile.map(([field], at) => [field, jsonValue(user[`profile_${at}`])]));
}

function jsonValue(value: unknown): Json {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}

/** What they are made of, too: sealed, they look otherwise each time. */
type Made = { readonly made: readonly NewCredential[]; readonly said: unknown };

function credentialsOf(reading: Reading, id: number, around: Around): Made {
  const [socials, authenticators, devices] = [around.socials, around.authenticators, around.devices].map(
    (of) => of.get(id) ?? [],
  ) as [readonly Row[], readonly Row[], readonly Row[]];
  if (socials.length + authenticators.length + devices.length === 0) return { made: [], said: [] };
  const apps = [
    ...authenticators.flatMap((row) => appOfAllauth(reading, id, row)),
    ...devices.flatMap((row) => appOfOtp(reading, id, row)),
  ];
  for (const _ of apps.slice(1)) reading.note('app_second', `account ${id}`);
  const codes = authenticators.flatMap((row) => codesOf(reading, id, row));
  for (const row of authenticators) if (row['type'] === 'webauthn') reading.note('passkey', `account ${id}`);
  const identities = socials.flatMap((row, at) => identityOf(reading, id, { row, at }));
  return {
    // Codes stand in for an app, and for nothing else.
    made: [...apps.slice(0, 1), ...(apps.length > 0 ? codes : []), ...identities],
    // Whose issuer the mapping names by now comes along the next time, though Django says what it said.
    said: [
      ...[socials, authenticators.map(({ type, data }) => [type, data]), devices],
      ...(socials.length > 0 ? [identities.map((one) => one.id)] : []),
    ],
  };
}

function appOfAllauth({ keys, note }: Reading, id: number, row: Row): readonly NewCredential[] {
  if (row['type'] !== 'totp') return [];
  const app = importedTotp(keys, id, { secret: textIn(jsonIn(row, 'data'), 'secret'), step: 0 });
  if (app === null) note('app_unusual', `account ${id}`);
  return app === null ? [] : [app];
}

/** django-otp keeps the key in hex, and counts the steps that were used. */
function appOfOtp({ keys, note }: Reading, id: number, row: Row): readonly NewCredential[] {
  const isUsual =
    isTrue(row['confirmed']) && Number(row['step']) === 30 && Number(row['t0']) === 0 && Number(row['digits']) === 6;
  const hex = textIn(row, 'key');
  const secret = /^(?:[0-9a-f]{2}){10,64}$/i.test(hex) ? base32(Buffer.from(hex, 'hex')) : '';
  const app = isUsual ? importedTotp(keys, id, { secret, step: Number(row['last_t'] ?? 0) }) : null;
  if (app === null) note('app_unusual', `account ${id}`);
  return app === null ? [] : [app];
}

function codesOf({ keys, note }: Reading, id: number, row: Row): readonly NewCredential[] {
  if (row['type'] !== 'recovery_codes') return [];
  const data = jsonIn(row, 'data');
  const migrated = data['migrated_codes'];
  const seed = textIn(data, 'seed');
  const isPlain = Array.isArray(migrated)
    ? migrated.every((code) => typeof code === 'string')
    : /^[0-9a-f]{40,128}$/.test(seed);
  if (!isPlain) {
    note('codes_sealed', `account ${id}`);
    return [];
  }
  const codes = Array.isArray(migrated) ? (migrated as string[]) : codesOfSeed(seed, Number(data['used_mask'] ?? 0));
  return codes.length === 0 ? [] : [importedRecoveryCodes(keys, id, codes)];
}

function identityOf(
  { settings, tables, note }: Reading,
  id: number,
  { row, at }: { readonly row: Row; readonly at: number },
): readonly NewCredential[] {
  const known = issuerOf(settings, textIn(row, 'provider'), tables.providers);
  const subject = textIn(row, 'uid');
  if (typeof known === 'string' || subject === '') {
    note(typeof known === 'string' ? known : 'provider_unknown', `account ${id} (${textIn(row, 'provider')})`);
    return [];
  }
  const extra = jsonIn(row, 'extra_data');
  const label = textIn(extra, 'email') || textIn(extra, 'login') || textIn(extra, 'username') || textIn(extra, 'name');
  return [importedIdentity({ ...known, subject, label, number: at + 1 })];
}
