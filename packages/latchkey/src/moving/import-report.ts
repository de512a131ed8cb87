/** What an import came to: how many of what, and what did not come along, with why. */
import type { ImportNote } from '../model/import.ts';

/** What is left behind by where it comes from, before anything is looked up here. */
export type SourceNote =
  | 'password_unread'
  | 'password_old'
  | 'address_invalid'
  | 'address_unverified'
  | 'username_invalid'
  | 'number_invalid'
  | 'key_malformed'
  | 'key_of_inactive'
  | 'app_unusual'
  | 'app_second'
  | 'codes_sealed'
  | 'passkey'
  | 'permissions'
  | 'provider_unknown'
  | 'provider_self_hosted'
  | 'session_unread'
  | 'session_void'
  | 'record_malformed'
  | 'id_twice'
  | 'no_way_in'
  | 'app_sealed'
  | 'claims';

export type Note = ImportNote | SourceNote;

/** Each as a sentence about so many accounts. */
const MEANINGS: Readonly<Record<Note, string>> = {
  number_taken:
    'their number is that of an account made here, or of another source: not brought along. Close that one, or let Django make no more',
  username_taken:
    'somebody else has their username here (LATCHKEY_USERNAME_CASE=exact tells Ann from ann): rename one of them',
  closed_here: 'closed here after they had come along: they stay closed',
  address_taken: 'somebody else has verified their address: theirs counts as not verified',
  password_set_here: 'have set a password here since: that one stays',
  credential_taken: 'somebody else has their second step or account at a provider, or has set up another here',
  password_unread:
    'a password that cannot be read here (of a scheme that is not known, or no hash at all): they choose a new one by mail',
  password_old: 'a password by MD5 or SHA-1: it is good where LATCHKEY_OLD_HASHES names it, and is renewed then',
  address_invalid: 'an address that no mail can be sent to: left behind',
  address_unverified: 'a further address that nobody has verified: left behind',
  username_invalid: 'no username at all: not brought along',
  number_invalid:
    'a primary key that is no whole number from 1: not brought along. A model with UUIDs needs a column of numbers',
  key_malformed: 'a key that is not of 40 hex digits: its holder signs in again',
  key_of_inactive: 'a key or browser session of an account that is not active: left behind',
  app_unusual:
    'an authenticator app of other than six digits and thirty seconds, not confirmed, or sealed: set up again',
  app_second: 'a second authenticator app: one comes along',
  codes_sealed: 'recovery codes that cannot be read: new ones are made after signing in',
  passkey: 'a passkey: it is registered again (what is kept of it there has another form)',
  permissions: 'permissions of their own: left behind, only groups and flags become roles',
  provider_unknown:
    'an account at a provider that is not among those known or set up here (LATCHKEY_SOCIAL_PROVIDERS), or is known by another number there',
  provider_self_hosted:
    'an account at a provider that may be a server of one’s own: left behind until the mapping file names its issuer, such as {"providers": {"gitlab": "https://gitlab.com", "github": "https://github.com/login/oauth"}}',
  session_unread: 'a browser session that does not open with this SECRET_KEY, or is nobody’s',
  session_void: 'a browser session that Django would not take any more: its owner changed their password',
  record_malformed:
    'what cannot be read as somebody’s record: left behind, and who came along before stays as they are',
  id_twice: 'an id that is there twice: the first record counts',
  no_way_in:
    'no address, no username and no account at a provider (anonymous, or a telephone alone): nobody could sign in, so they are left behind',
  app_sealed: 'an authenticator app whose secret is sealed and does not open (BETTER_AUTH_SECRET): set up again',
  claims: 'custom claims: left behind. What roles they stand for is given here (latchkey account, or the library)',
};

const EXAMPLES = 5;

export class ImportReport {
  readonly counts = {
    created: 0,
    changed: 0,
    same: 0,
    removed: 0,
    missing: 0,
    refused: 0,
    keys: 0,
    browsers: 0,
    ended: 0,
  };
  readonly notes = new Map<Note, { count: number; readonly examples: string[] }>();

  note(note: Note, who: string): void {
    const noted = this.notes.get(note) ?? { count: 0, examples: [] };
    noted.count++;
    if (noted.examples.length < EXAMPLES) noted.examples.push(who);
    this.notes.set(note, noted);
  }
}

/** `bringsSessions`: whether keys and browser sessions come along from there. */
export function textOf(
  { counts, notes }: ImportReport,
  { isLook, bringsSessions }: { readonly isLook: boolean; readonly bringsSessions: boolean },
): string {
  const { created, changed, same, removed, missing, refused, keys, browsers, ended } = counts;
  const head = isLook ? 'Would have made' : 'Made';
  const lines = [
    `${head} ${created} accounts, changed ${changed}, closed ${removed}; ${same} are as they were, ${refused} did not come along.`,
    bringsSessions
      ? `Keys ${keys}, browser sessions ${browsers}; ended ${ended} that are no more where they came from.`
      : 'Sessions of there do not come along: each signs in once.',
  ];
  if (missing > 0) {
    lines.push(`${missing} who came along before are not there any more, and stay: --close-missing closes them.`);
  }
  for (const [note, { count, examples }] of notes) {
    lines.push(`  ${count}: ${MEANINGS[note]}. Such as ${examples.join(', ')}${count > examples.length ? ' …' : ''}`);
  }
  return `${lines.join('\n')}\n`;
}
