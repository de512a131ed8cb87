/** The tables of Auth.js (NextAuth) by any of its SQL adapters: `users` and `accounts`, or Prisma's `User` and `Account`. */
import { foreignHash } from '../../credentials/foreign-hashes.ts';
import { namesWith, type ProviderNames } from '../providers.ts';
import { type Row, type Rows, UnusableSource } from '../sources/rows.ts';
import { instantIn, isTrue, textIn } from '../values.ts';
import { NOBODY_YET, namesIn, type Person } from './person.ts';
import type { PeopleSource } from './read-batches.ts';
import { type Around, findTable, type TableMapping, tableSource } from './table-source.ts';

/** Its names, where they differ. Microsoft's people belong to a tenant each; GitLab's and GitHub's may be those of another server. */
const PROVIDERS: ProviderNames = {
  ...{ twitter: 'x', 'azure-ad': null, 'microsoft-entra-id': null },
  ...{ gitlab: 'self-hosted', github: 'self-hosted' },
};

/** Accounts that are at a provider; the others are mail, passwords and passkeys of its own. */
const AT_PROVIDERS = new Set(['oauth', 'oidc']);

/** Passwords are taken where the mapping names a column of them: it keeps none itself. */
export async function authjsSource(rows: Rows, mapping: TableMapping): Promise<PeopleSource> {
  const find = (name: string, otherNames: readonly string[], needs: readonly string[], has: readonly string[]) =>
    findTable(rows, { name, otherNames, needs, has }, mapping);
  const users = await find(
    'users',
    ['User', 'user'],
    ['id', 'email', 'emailVerified'],
    ['name', 'createdAt', ...Object.keys(mapping.columns?.['users'] ?? {}).filter((one) => OWN_COLUMNS.has(one))],
  );
  const accounts = await find(
    'accounts',
    ['Account', 'account'],
    ['userId', 'provider', 'providerAccountId'],
    ['type'],
  );
  if (users === null || accounts === null) {
    throw new UnusableSource(
      `There is no table ${users === null ? 'users (id, email, emailVerified)' : 'accounts (userId, provider, providerAccountId)'} of Auth.js: a mapping file names it, such as {"tables": {"users": "app_user"}}.`,
    );
  }
  const personOf = (user: Row, of: Around): Person => ({
    ...NOBODY_YET,
    ...namesIn(textIn(user, 'name')),
    username: textIn(user, 'username'),
    addresses: addressesOf(user),
    createdAt: instantIn(user, 'createdAt') ?? 0,
    password: passwordOf(textIn(user, 'password')),
    identities: of('accounts')
      .filter((row) => AT_PROVIDERS.has(textIn(row, 'type') || 'oauth'))
      .map((row) => ({ provider: textIn(row, 'provider'), subject: textIn(row, 'providerAccountId'), label: '' })),
  });
  const providers = namesWith(PROVIDERS, mapping.providers);
  return tableSource({ name: 'authjs', providers, rows, users, where: '', around: { accounts }, personOf });
}

/** Columns that applications add, and a mapping names. */
const OWN_COLUMNS = new Set(['username', 'password']);

/** A time, or a flag in older tables; nothing where nobody has. */
function addressesOf(user: Row): Person['addresses'] {
  const address = textIn(user, 'email');
  if (address === '') return [];
  return [{ address, verified: isTrue(user['emailVerified']) || instantIn(user, 'emailVerified') !== null }];
}

function passwordOf(stored: string): Person['password'] {
  return stored === '' ? null : { stored, hash: foreignHash(stored, 'any') };
}
