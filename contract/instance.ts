/** An instance of Latchkey for one transcript: an empty database, the profile's settings, and what was given before step 1. */
import { pbkdf2Sync } from 'node:crypto';
import type { Latchkey, Mail, Templates } from 'latchkey';
import { readHash } from '../packages/latchkey/src/credentials/hash-schemes.ts';
import { socialCredential } from '../packages/latchkey/src/credentials/social/social.ts';
import { emailKey, usernameKey } from '../packages/latchkey/src/model/account.ts';
import type { Credential, NewCredential } from '../packages/latchkey/src/model/credential.ts';
import type { PasswordHash } from '../packages/latchkey/src/model/password.ts';
import type { Store } from '../packages/latchkey/src/stores/store.ts';
import { openTest } from '../packages/latchkey/src/testing/instance.ts';
import type { MailKind } from './answer.ts';
import type { Profile } from './profile.ts';
import type { GivenUser } from './recording.ts';

export type SentMail = { readonly kind: string; readonly to: string; readonly link: string };

export type Instance = {
  readonly auth: Latchkey;
  /** The mails since the last time, the oldest first. */
  takeMails(): readonly SentMail[];
  /** What an operator does between two steps. */
  suspend(accountId: number): Promise<void>;
  remove(accountId: number): Promise<void>;
  /** Lets time go by. */
  wait(ms: number): void;
  close(): Promise<void>;
};

export type Hash = 'argon2id' | 'dangerously-cheap';

/** Mails as this run reads them: the kind for a subject, and the link for a text. */
const mailTemplates: Templates = {
  'verify-email': told,
  // For whoever asked they are one: its link verifies the address, and is answered in the same way.
  'claim-email': ({ link }) => told({ kind: 'verify-email', link }),
  'reset-password': told,
  'password-changed': told,
  'address-in-use': told,
  'social-connected': told,
  'social-disconnected': told,
  'place-taken': unrecorded,
  'new-device': unrecorded,
  'new-devices': unrecorded,
};

/** No recorded server tells of it: to whom it goes, and how often, is tested by itself. */
const UNRECORDED = 'unrecorded';

function unrecorded(): Omit<Mail, 'to'> {
  return { subject: UNRECORDED, text: '', html: '' };
}

function told({ kind, link }: { readonly kind: MailKind; readonly link: string }): Omit<Mail, 'to'> {
  return { subject: kind, text: link, html: '' };
}

export async function openInstance(
  users: readonly GivenUser[],
  {
    profile,
    origin,
    hash,
    providers,
  }: {
    readonly profile: Profile;
    readonly origin: string;
    readonly hash: Hash;
    readonly providers: readonly string[];
  },
): Promise<Instance> {
  const { auth, assembled, mailbox, clock } = await openTest({
    ...profile.options,
    origin,
    rateLimits: 'on',
    mailTemplates,
    social: { providers: socialOptions(providers) },
    passwords: { ...profile.options.passwords, hash },
  });
  for (const user of users) await seed(auth, assembled.parts.store, user, profile);
  return {
    auth,
    takeMails() {
      const recorded = mailbox.mails.filter(({ subject }) => subject !== UNRECORDED);
      const mails = recorded.map(({ subject, to, text }) => ({ kind: subject, to, link: text }));
      mailbox.clear();
      return mails;
    },
    async suspend(id) {
      await auth.accounts.suspend(id);
    },
    async remove(id) {
      await assembled.parts.store.accounts.close({ id, by: null });
    },
    wait: (ms) => clock.advance(ms),
    close: () => auth.close(),
  };
}

async function seed(auth: Latchkey, store: Store, user: GivenUser, profile: Profile): Promise<void> {
  const { username, email } = user;
  const created = await store.accounts.create({
    username,
    usernameKey: usernameKey(username, profile.hasAllauth ? 'ignore' : 'exact'),
    email: email === '' ? null : { address: email, key: emailKey(email), verified: user.verified === true },
    emailUnique: false,
    firstName: user.firstName,
    lastName: user.lastName,
    profile: {},
    password: passwordOf(user),
    state: 'active',
    roles: [],
    invitation: null,
    link: null,
    credentials: connectionsOf(user),
    outbox: [],
  });
  if (created.kind !== 'created') throw new Error(`${username} could not be made: ${created.kind}.`);
  const { id } = created.record.account;
  // A key that was there is taken for a sign-in of this moment; a suspension comes after it, as it did in Django.
  if (user.key !== null) await auth.sessions.importKey(id, user.key, { isFresh: true });
  if (!user.isActive) await auth.accounts.suspend(id);
}

/** Passwords come along as Django kept them: never normalised, and with few enough iterations to be quick. */
function passwordOf({ password, passwordHash }: GivenUser): PasswordHash | null {
  if (passwordHash !== null) return { hash: passwordHash, scheme: readHash(passwordHash)?.scheme ?? 'unknown' };
  if (password === null) return null;
  const digest = pbkdf2Sync(password, SALT, ITERATIONS, 32, 'sha256').toString('base64');
  return { hash: `pbkdf2_sha256$${ITERATIONS}$${SALT}$${digest}`, scheme: `pbkdf2_sha256$${ITERATIONS}` };
}

const ITERATIONS = 10;
const SALT = 'recordedrecordedrecord';

/** Where nobody answers: what is recorded asks no provider. */
const NOWHERE = 'http://127.0.0.1:1';

/** Those of the recorded project, but for Twitter's OAuth 1.0. */
function socialOptions(providers: readonly string[]) {
  const client = { clientId: 'x', clientSecret: 'y' };
  const endpoints = { authorization: NOWHERE, token: NOWHERE, api: NOWHERE };
  const known = providers.filter((name) => name !== 'twitter');
  return Object.fromEntries(
    known.map((name) => [name, name === 'google' ? { ...client, issuer: NOWHERE } : { ...client, endpoints }]),
  );
}

function connectionsOf({ connections }: GivenUser): readonly NewCredential[] {
  const made: Credential[] = [];
  for (const { provider, uid } of connections) {
    const person = { issuer: provider, subject: uid, email: '', isEmailVerified: false };
    const names = { username: '', firstName: '', lastName: '' };
    const credential = socialCredential({ id: provider }, { ...person, ...names }, made);
    made.push({ ...credential, accountId: 0, createdAt: 0, lastUsedAt: null });
  }
  return made;
}
