/** The CSV file that Clerk's dashboard exports, or the same as JSON. */
import { firebaseHash, foreignHash } from '../../credentials/foreign-hashes.ts';
import type { PasswordHash } from '../../model/password.ts';
import type { ProviderNames } from '../providers.ts';
import type { RecordFile } from '../sources/record-file.ts';
import type { Row } from '../sources/rows.ts';
import { instantIn, isTrue, textIn } from '../values.ts';
import { type FileSource, fileSource } from './file-source.ts';
import { NOBODY_YET, type Person } from './person.ts';
import type { PeopleSource } from './read-batches.ts';

/** It exports no accounts at providers. */
const PROVIDERS: ProviderNames = {};

/** Those of its hashers whose strings say all that there is to know. Its own `pbkdf2_sha256` has another salt than Django's. */
const AS_WRITTEN = new Set(['bcrypt', 'bcrypt_sha256_django', 'argon2id', 'argon2i', 'pbkdf2_sha256_django']);

export async function clerkSource({
  file,
  note,
}: Pick<FileSource, 'note'> & { readonly file: RecordFile }): Promise<PeopleSource> {
  return await fileSource({ name: 'clerk', providers: PROVIDERS, file, id: 'id', personOf, note });
}

function personOf(user: Row): Person {
  const app = textIn(user, 'totp_secret');
  return {
    ...NOBODY_YET,
    username: textIn(user, 'username'),
    firstName: textIn(user, 'first_name'),
    lastName: textIn(user, 'last_name'),
    addresses: addressesOf(user),
    state: isTrue(user['banned']) ? 'suspended' : 'active',
    createdAt: instantIn(user, 'created_at') ?? 0,
    password: passwordOf(textIn(user, 'password_digest'), textIn(user, 'password_hasher')),
    apps: app === '' ? [] : [app],
  };
}

/** The main one first. Of a list that does not say so, nobody has shown anything. */
function addressesOf(user: Row): Person['addresses'] {
  const main = textIn(user, 'primary_email_address');
  const verified = listIn(user, 'verified_email_addresses');
  const others = [...listIn(user, 'unverified_email_addresses'), ...listIn(user, 'email_addresses')];
  const all = [...verified, ...others].map((address) => ({ address, verified: verified.includes(address) }));
  const first = all.find(({ address }) => address === main) ?? (main === '' ? [] : { address: main, verified: false });
  return [first, all.filter(({ address }) => address !== main)].flat();
}

/** A list as JSON has it, or in one field, with commas or bars. */
function listIn(row: Row, column: string): readonly string[] {
  const value = row[column];
  const all = Array.isArray(value) ? value.map(String) : textIn(row, column).split(/[,|]/);
  return all.map((one) => one.trim()).filter((one) => one !== '');
}

function passwordOf(digest: string, hasher: string): Person['password'] {
  return digest === '' ? null : { stored: `${hasher} ${digest}`, hash: hashOf(digest, hasher) };
}

function hashOf(digest: string, hasher: string): PasswordHash | null {
  if (AS_WRITTEN.has(hasher)) return foreignHash(digest, 'any');
  if (hasher !== 'scrypt_firebase') return null;
  const [hash = '', salt = '', signerKey = '', saltSeparator = '', rounds, memCost] = digest.split('$');
  return firebaseHash({ hash, salt }, { signerKey, saltSeparator, rounds: Number(rounds), memCost: Number(memCost) });
}
