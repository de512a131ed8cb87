/** The tables of Supabase Auth, in the schema `auth`: `users`, `identities`, `mfa_factors`. */
import { foreignHash } from '../../credentials/foreign-hashes.ts';
import type { ProviderNames } from '../providers.ts';
import { type Row, type Rows, UnusableSource } from '../sources/rows.ts';
import { isTrue, jsonIn, textIn, timeIn } from '../values.ts';
import { NOBODY_YET, namesIn, type Person } from './person.ts';
import type { PeopleSource } from './read-batches.ts';
import { type Around, findTable, tableSource } from './table-source.ts';

/** Its names, where they differ. Azure's people belong to a tenant each; the older LinkedIn counted them otherwise. */
const PROVIDERS: ProviderNames = { twitter: 'x', linkedin: null, linkedin_oidc: 'linkedin', azure: null };

/** What its rows say about those that may be a server of one's own, where they are the public one. */
const PUBLIC: Readonly<Record<string, string>> = { github: 'https://api.github.com', gitlab: 'https://gitlab.com' };

/** Rows of `identities` that stand for an address or a number of one's own. */
const OWN = new Set(['email', 'phone']);

/** `now` in milliseconds since 1970. */
export async function supabaseSource(rows: Rows, now: number): Promise<PeopleSource> {
  if (rows.dialect !== 'postgres')
    throw new UnusableSource('Supabase is PostgreSQL: give postgres://user@host/database.');
  const find = (name: string, needs: readonly string[], has: readonly string[]) =>
    findTable(rows, { name: `auth.${name}`, otherNames: [], needs, has }, {});
  const users = await find(
    'users',
    ['id', 'email', 'encrypted_password'],
    [...['email_confirmed_at', 'banned_until', 'deleted_at', 'created_at', 'raw_user_meta_data'], ...['is_anonymous']],
  );
  if (users === null) {
    throw new UnusableSource(
      'There is no table auth.users with id, email and encrypted_password: connect to the project’s own database, as a user that may read the schema auth.',
    );
  }
  const around = {
    identities: await find('identities', ['userId', 'provider'], ['provider_id', 'id', 'identity_data']),
    mfa_factors: await find('mfa_factors', ['userId', 'factor_type', 'status', 'secret'], []),
  };
  const personOf = (user: Row, of: Around): Person => ({
    ...NOBODY_YET,
    ...namesOf(user),
    addresses: addressesOf(user),
    state: isBanned(user, now) ? 'suspended' : 'active',
    createdAt: timeIn(user, 'created_at') ?? 0,
    password: passwordOf(textIn(user, 'encrypted_password')),
    apps: of('mfa_factors')
      .filter((row) => row['factor_type'] === 'totp' && row['status'] === 'verified')
      .map((row) => textIn(row, 'secret')),
    identities: of('identities')
      .filter((row) => !OWN.has(textIn(row, 'provider')))
      .map(identityOf),
    left: of('mfa_factors').flatMap((row) =>
      row['factor_type'] === 'webauthn' && row['status'] === 'verified' ? ['passkey' as const] : [],
    ),
  });
  // Who was deleted softly is gone: their row stays there without them.
  const where = users.columns.get('deleted_at') === null ? '' : '"deleted_at" IS NULL';
  return tableSource({ name: 'supabase', providers: PROVIDERS, rows, users, where, around, personOf });
}

/** Whoever may change these names themselves may be called whatever they like: nobody is known by them. */
function namesOf(user: Row): { readonly firstName: string; readonly lastName: string } {
  const said = jsonIn(user, 'raw_user_meta_data');
  const first = textIn(said, 'first_name') || textIn(said, 'given_name');
  const last = textIn(said, 'last_name') || textIn(said, 'family_name');
  if (first !== '' || last !== '') return { firstName: first, lastName: last };
  return namesIn(textIn(said, 'full_name') || textIn(said, 'name'));
}

function addressesOf(user: Row): Person['addresses'] {
  const address = textIn(user, 'email');
  if (address === '' || isTrue(user['is_anonymous'])) return [];
  const confirmed = textIn(user, 'email_confirmed_at');
  return [{ address, verified: confirmed !== '' }];
}

/** A time that cannot be read is beyond all that can, such as `infinity`. */
function isBanned(user: Row, now: number): boolean {
  const until = textIn(user, 'banned_until');
  return until !== '' && (timeIn(user, 'banned_until') ?? Number.POSITIVE_INFINITY) > now;
}

function passwordOf(stored: string): Person['password'] {
  return stored === '' ? null : { stored, hash: foreignHash(stored, 'any') };
}

/** Before 2023 `id` was what the provider knows them by. */
function identityOf(row: Row): Person['identities'][number] {
  const said = jsonIn(row, 'identity_data');
  const subject = textIn(row, 'provider_id') || textIn(said, 'sub') || textIn(row, 'id');
  const label = textIn(said, 'email') || textIn(said, 'user_name') || textIn(said, 'name');
  const [provider, issuer] = [textIn(row, 'provider'), textIn(said, 'iss')];
  const isPublic = !Object.hasOwn(PUBLIC, provider) || PUBLIC[provider] === issuer;
  return { provider: isPublic ? provider : `${provider} at ${issuer || 'a server that is not named'}`, subject, label };
}
