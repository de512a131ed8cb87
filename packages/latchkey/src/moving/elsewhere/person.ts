/** Somebody as another system has them, whichever it is, and the account that they become. */
import { importedRecoveryCodes } from '../../credentials/recovery-codes.ts';
import { importedIdentity } from '../../credentials/social/social.ts';
import { importedTotp } from '../../credentials/totp.ts';
import type { Keys } from '../../crypto/keys.ts';
import { type AccountId, emailKey, isEmail, usernameKey } from '../../model/account.ts';
import type { NewCredential } from '../../model/credential.ts';
import type { SourceAccount, SourceAddress } from '../../model/import.ts';
import type { PasswordHash } from '../../model/password.ts';
import type { Settings } from '../../model/settings.ts';
import type { SourceNote } from '../import-report.ts';
import { issuerOf, type ProviderNames } from '../providers.ts';
import { printOf } from '../values.ts';

export type Person = {
  /** `''` where there is none. */
  readonly username: string;
  /** The main one first. */
  readonly addresses: readonly { readonly address: string; readonly verified: boolean }[];
  readonly firstName: string;
  readonly lastName: string;
  readonly state: 'active' | 'suspended';
  readonly roles: readonly string[];
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** As it is kept there; null where there is none. */
  readonly password: { readonly stored: string; readonly hash: PasswordHash | null } | null;
  /** Secrets of authenticator apps, in base32; null for one that does not open. */
  readonly apps: readonly (string | null)[];
  /** Codes that stand in for an app, and for nothing else. */
  readonly codes: readonly string[];
  readonly identities: readonly { readonly provider: string; readonly subject: string; readonly label: string }[];
  /** What is there beside all this, and is left behind. */
  readonly left: readonly SourceNote[];
};

export const NOBODY_YET: Person = {
  ...{ username: '', addresses: [], firstName: '', lastName: '', state: 'active', roles: [], createdAt: 0 },
  ...{ password: null, apps: [], codes: [], identities: [], left: [] },
};

export type Becoming = {
  readonly settings: Settings;
  readonly keys: Keys;
  readonly providers: ProviderNames;
  readonly note: (note: SourceNote, who: string) => void;
};

/** The account that somebody becomes under a number; null, with the reason noted, where nobody could sign in to it. */
export function accountOf(
  becoming: Becoming,
  person: Person,
  { id, sourceId, who }: { readonly id: AccountId; readonly sourceId: string; readonly who: string },
): SourceAccount | null {
  const { settings, note } = becoming;
  const addresses = addressesOf(person, (why) => note(why, who));
  const credentials = credentialsOf(becoming, person, { id, who });
  const hasIdentity = credentials.made.some(({ kind }) => kind === 'social');
  const username = person.username || (addresses[0]?.address ?? '') || (hasIdentity ? sourceId : '');
  if (username === '') {
    note('no_way_in', who);
    return null;
  }
  for (const left of person.left) note(left, who);
  if (person.password !== null && person.password.hash === null) note('password_unread', who);
  const named = {
    ...{ username, usernameKey: usernameKey(username, settings.accounts.usernameCase) },
    ...{ firstName: person.firstName, lastName: person.lastName, profile: {}, createdAt: person.createdAt },
  };
  const rights = { state: person.state, roles: person.roles };
  return {
    id,
    ...named,
    ...rights,
    addresses,
    password: person.password?.hash ?? null,
    credentials: credentials.made,
    origin: {
      ...{ lastLogin: '', unusable: '', email: '', addresses: [] },
      credentials: credentials.made.map((one) => one.id),
    },
    prints: {
      account: printOf(named),
      addresses: printOf(addresses),
      rights: printOf(rights),
      origin: '',
      password: printOf([person.password?.stored ?? null, person.password?.hash?.hash ?? null]),
      credentials: printOf(credentials.said),
    },
  };
}

/** The first, and of the others those that are verified: what nobody has shown to be theirs is theirs nowhere. */
function addressesOf({ addresses }: Person, note: (why: SourceNote) => void): readonly SourceAddress[] {
  const kept = new Map<string, SourceAddress>();
  for (const { address, verified } of addresses) {
    const key = emailKey(address);
    if (!isEmail(address)) note('address_invalid');
    else if (kept.size > 0 && !verified) note('address_unverified');
    else if (!kept.has(key)) kept.set(key, { address, key, verified, number: null });
  }
  return [...kept.values()];
}

/** What they are made of, too: sealed, they look otherwise each time. */
type Made = { readonly made: readonly NewCredential[]; readonly said: unknown };

function credentialsOf(
  { settings, keys, providers, note }: Becoming,
  { apps, codes, identities }: Person,
  { id, who }: { readonly id: AccountId; readonly who: string },
): Made {
  const made: NewCredential[] = [];
  const opened = apps.flatMap((secret) => {
    const app = secret === null ? null : importedTotp(keys, id, { secret, step: 0 });
    if (app === null) note(secret === null ? 'app_sealed' : 'app_unusual', who);
    return app === null ? [] : [{ app, secret }];
  });
  for (const _ of opened.slice(1)) note('app_second', who);
  made.push(...opened.slice(0, 1).map(({ app }) => app));
  if (opened.length > 0 && codes.length > 0) made.push(importedRecoveryCodes(keys, id, codes));
  for (const [at, { provider, subject, label }] of identities.entries()) {
    const known = issuerOf(settings, provider, providers);
    if (typeof known === 'string') note(known, `${who} (${provider})`);
    else if (subject === '') note('provider_unknown', `${who} (${provider})`);
    else made.push(importedIdentity({ ...known, subject, label, number: at + 1 }));
  }
  return { made, said: [opened[0]?.secret ?? null, codes, made.map((one) => [one.id, one.label])] };
}

/** A whole name in two: the last word is the last name. */
export function namesIn(whole: string): { readonly firstName: string; readonly lastName: string } {
  const [, firstName = '', lastName = ''] = /^(.*?)(?:\s+(\S+))?$/s.exec(whole.trim()) ?? [];
  return { firstName, lastName };
}
