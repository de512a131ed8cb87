/** The file of `firebase auth:export`: one object for each person, in a list `users`. */
import { type FirebaseParameters, firebaseHash } from '../../credentials/foreign-hashes.ts';
import type { ProviderNames } from '../providers.ts';
import type { RecordFile } from '../sources/record-file.ts';
import { type Row, UnusableSource } from '../sources/rows.ts';
import { instantIn, isTrue, textIn } from '../values.ts';
import { type FileSource, fileSource } from './file-source.ts';
import { NOBODY_YET, namesIn, type Person } from './person.ts';
import type { PeopleSource } from './read-batches.ts';

const PROVIDERS: ProviderNames = {
  'google.com': 'google',
  'facebook.com': 'facebook',
  'github.com': 'github',
  'twitter.com': 'x',
  'apple.com': 'apple',
  'microsoft.com': null,
};

/** Entries that stand for an address or a number of one's own. */
const OWN = new Set(['password', 'phone', 'emailLink']);

export type FirebaseOptions = Pick<FileSource, 'note'> & {
  readonly file: RecordFile;
  /** null where they were not given. */
  readonly parameters: FirebaseParameters | null;
};

/** @throws UnusableSource where somebody has a password, and how they are hashed was not said */
export async function firebaseSource({ file, parameters, note }: FirebaseOptions): Promise<PeopleSource> {
  const personOf = (user: Row): Person => ({
    ...NOBODY_YET,
    ...namesIn(textIn(user, 'displayName')),
    addresses: addressesOf(user),
    state: isTrue(user['disabled']) ? 'suspended' : 'active',
    createdAt: instantIn(user, 'createdAt') ?? 0,
    password: passwordOf(user, parameters),
    identities: listIn(user, 'providerUserInfo')
      .filter((one) => !OWN.has(textIn(one, 'providerId')))
      .map((one) => ({
        provider: textIn(one, 'providerId'),
        subject: textIn(one, 'rawId'),
        label: textIn(one, 'email') || textIn(one, 'displayName'),
      })),
    left: ['', '{}'].includes(textIn(user, 'customAttributes')) ? [] : ['claims'],
  });
  return await fileSource({ name: 'firebase', providers: PROVIDERS, file, id: 'localId', personOf, note });
}

function addressesOf(user: Row): Person['addresses'] {
  const address = textIn(user, 'email');
  return address === '' ? [] : [{ address, verified: isTrue(user['emailVerified']) }];
}

function passwordOf(user: Row, parameters: FirebaseParameters | null): Person['password'] {
  const hash = textIn(user, 'passwordHash');
  if (hash === '') return null;
  if (parameters === null) {
    throw new UnusableSource(
      `${textIn(user, 'localId')} has a password, and how the project hashes them was not said: give --hash-parameters and a file with what the console shows under Authentication, Users, Password hash parameters.`,
    );
  }
  return { stored: hash, hash: firebaseHash({ salt: textIn(user, 'salt'), hash }, parameters) };
}

function listIn(row: Row, name: string): readonly Row[] {
  const list = row[name];
  return Array.isArray(list) ? list.filter((one): one is Row => typeof one === 'object' && one !== null) : [];
}

/**
 * What the console shows (`hash_config { base64_signer_key: …, … }`), or the same as JSON. @throws UnusableSource with what is missing
 */
export function firebaseParameters(text: string): FirebaseParameters {
  const said = (...names: readonly string[]): string => {
    for (const name of names) {
      const [, value] = new RegExp(`"?\\b${name}"?\\s*[:=]\\s*"?([A-Za-z0-9+/=_-]+)`).exec(text) ?? [];
      if (value !== undefined) return value.replaceAll('-', '+').replaceAll('_', '/');
    }
    throw new UnusableSource(`The hash parameters have no ${names[0]}: copy all that the console shows.`);
  };
  const algorithm = /"?\balgorithm"?\s*[:=]\s*"?(\w+)/.exec(text)?.[1] ?? 'SCRYPT';
  if (algorithm !== 'SCRYPT') throw new UnusableSource(`Passwords by ${algorithm} are not read: only by SCRYPT.`);
  const parameters = {
    signerKey: said('base64_signer_key', 'signerKey'),
    saltSeparator: said('base64_salt_separator', 'saltSeparator'),
    rounds: Number(said('rounds')),
    memCost: Number(said('mem_cost', 'memCost')),
  };
  const zeros = {
    salt: 'AA==',
    hash: Buffer.alloc(Buffer.from(parameters.signerKey, 'base64').length).toString('base64'),
  };
  if (firebaseHash(zeros, parameters) === null) {
    throw new UnusableSource(
      'The hash parameters are none that can be computed with: the key and the separator are base64, rounds a number from 1, mem_cost one from 1 to 17.',
    );
  }
  return parameters;
}
