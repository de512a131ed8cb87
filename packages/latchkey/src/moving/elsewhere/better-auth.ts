/** better-auth's tables: `user`, `account` (passwords and accounts at providers), `twoFactor`, `passkey`. */
import { foreignHash } from '../../credentials/foreign-hashes.ts';
import { namesWith, type ProviderNames } from '../providers.ts';
import { type Row, type Rows, UnusableSource } from '../sources/rows.ts';
import { base32, instantIn, isTrue, textIn } from '../values.ts';
import type { OpenText } from './better-auth-secrets.ts';
import { NOBODY_YET, namesIn, type Person } from './person.ts';
import type { PeopleSource } from './read-batches.ts';
import { type Around, findTable, type TableMapping, tableSource } from './table-source.ts';

/** Its names, where they differ. Microsoft's people belong to a tenant each, of which it keeps nothing; GitLab's may be those of another server. */
const PROVIDERS: ProviderNames = { twitter: 'x', microsoft: null, gitlab: 'self-hosted' };

/** Rows of the `account` table that stand for no account at a provider. */
const CREDENTIAL = 'credential';

export type BetterAuthOptions = {
  readonly mapping: TableMapping;
  /** Opens what it has sealed. */
  readonly openText: OpenText;
  /** Milliseconds since 1970. */
  readonly now: number;
};

export async function betterAuthSource(
  rows: Rows,
  { mapping, openText, now }: BetterAuthOptions,
): Promise<PeopleSource> {
  const find = (name: string, needs: readonly string[], has: readonly string[], others = [`${name}s`]) =>
    findTable(rows, { name, otherNames: others, needs, has }, mapping);
  const users = await find(
    'user',
    ['id', 'email', 'emailVerified'],
    ['name', 'createdAt', 'username', 'displayUsername', 'role', 'banned', 'banExpires', 'twoFactorEnabled'],
  );
  const accounts = await find('account', ['userId', 'providerId', 'accountId'], ['password']);
  if (users === null || accounts === null) {
    throw new UnusableSource(
      `There is no table ${users === null ? 'user (id, email, emailVerified)' : 'account (userId, providerId, accountId)'} of better-auth: a mapping file names it, such as {"tables": {"user": "app_user"}}.`,
    );
  }
  const around = {
    account: accounts,
    twoFactor: await find(
      'twoFactor',
      ['userId', 'secret'],
      ['backupCodes', 'verified'],
      ['twoFactors', 'two_factor', 'two_factors'],
    ),
    passkey: await find('passkey', ['userId'], ['id']),
  };
  const personOf = (user: Row, of: Around): Person => ({
    ...NOBODY_YET,
    ...namesIn(textIn(user, 'name')),
    username: usernameOf(user),
    addresses: addressesOf(user),
    state: isBanned(user, now) ? 'suspended' : 'active',
    roles: rolesOf(user),
    createdAt: instantIn(user, 'createdAt') ?? 0,
    password: passwordOf(of('account')),
    ...secondStepOf(isTrue(user['twoFactorEnabled']) ? of('twoFactor') : [], openText),
    identities: of('account')
      .filter((row) => textIn(row, 'providerId') !== CREDENTIAL)
      .map((row) => ({ provider: textIn(row, 'providerId'), subject: textIn(row, 'accountId'), label: '' })),
    left: of('passkey').map(() => 'passkey' as const),
  });
  const providers = namesWith(PROVIDERS, mapping.providers);
  return tableSource({ name: 'better-auth', providers, rows, users, where: '', around, personOf });
}

/** In its own letters, where it is the one that is signed in with: anything may stand in the other column. */
function usernameOf(user: Row): string {
  const [username, shown] = [textIn(user, 'username'), textIn(user, 'displayUsername')];
  return shown.toLowerCase() === username.toLowerCase() ? shown : username;
}

function addressesOf(user: Row): Person['addresses'] {
  const address = textIn(user, 'email');
  return address === '' ? [] : [{ address, verified: isTrue(user['emailVerified']) }];
}

function isBanned(user: Row, now: number): boolean {
  const until = instantIn(user, 'banExpires');
  return isTrue(user['banned']) && (until === null || until > now);
}

/** Its admin plugin lists roles with commas; `user` is what everybody has. */
function rolesOf(user: Row): readonly string[] {
  const names = textIn(user, 'role').split(',');
  return [...new Set(names.map((name) => name.trim()).filter((name) => name !== '' && name !== 'user'))];
}

function passwordOf(accounts: readonly Row[]): Person['password'] {
  const stored = accounts
    .filter((row) => textIn(row, 'providerId') === CREDENTIAL)
    .map((row) => textIn(row, 'password'))
    .find((text) => text !== '');
  return stored === undefined ? null : { stored, hash: foreignHash(stored, 'better-auth') };
}

/** What was begun and never confirmed is no app. The secret is a text, whose bytes the app has in base32. */
function secondStepOf(rows: readonly Row[], openText: OpenText): Pick<Person, 'apps' | 'codes'> {
  const confirmed = rows.filter((row) => typeof (row['verified'] ?? null) === 'object' || isTrue(row['verified']));
  const apps = confirmed.map((row) => openText(textIn(row, 'secret')));
  return {
    apps: apps.map((secret) => (secret === null ? null : base32(Buffer.from(secret)))),
    codes: confirmed.slice(0, 1).flatMap((row) => codesIn(openText(textIn(row, 'backupCodes')) ?? '')),
  };
}

/** A JSON list. What is none is told with the app, which does not open either. */
function codesIn(text: string): readonly string[] {
  try {
    const codes: unknown = JSON.parse(text);
    return Array.isArray(codes) ? codes.filter((code) => typeof code === 'string') : [];
  } catch {
    return [];
  }
}
