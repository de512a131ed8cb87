/**
 * Accounts that come along from elsewhere: what their source says of them, and what of it is taken over. Run again, an import
 * changes what its source has changed since, and nothing that was changed here.
 */
import type { AccountId, Profile } from './account.ts';
import type { NewCredential } from './credential.ts';
import type { PasswordHash } from './password.ts';

/** The systems that accounts come along from. */
export type SourceName = 'django' | 'better-auth' | 'authjs' | 'supabase' | 'firebase' | 'clerk';

export type SourceAddress = {
  readonly address: string;
  readonly key: string;
  readonly verified: boolean;
  /** The number that its source knows it by, which links name; null where it has none. */
  readonly number: number | null;
};

/** What the source said in each part, as a hash: whether it says something else than last time. */
export type Prints = {
  /** What it is called. */
  readonly account: string;
  readonly addresses: string;
  /** What it may: whether it is suspended, and its roles. */
  readonly rights: string;
  readonly password: string;
  readonly credentials: string;
  readonly origin: string;
};

/** What of an account has no place here, for the links that its source has mailed and for the way back. */
export type Origin = {
  /** As links have it: `2026-01-31 12:00:00`, or `''`. */
  readonly lastLogin: string;
  /** What is kept as its password where that is none. */
  readonly unusable: string;
  /** The address of the account itself, or `''`. */
  readonly email: string;
  /** Every address that the source names, verified or not. */
  readonly addresses: readonly string[];
  /** The credentials that came with it. */
  readonly credentials: readonly string[];
};

/** An account as its source has it. */
export type SourceAccount = {
  readonly id: AccountId;
  readonly username: string;
  readonly usernameKey: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly profile: Profile;
  readonly state: 'active' | 'suspended';
  readonly roles: readonly string[];
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly password: PasswordHash | null;
  /** The first is the account's main one. */
  readonly addresses: readonly SourceAddress[];
  readonly credentials: readonly NewCredential[];
  readonly origin: Origin;
  readonly prints: Prints;
};

/** What is here under the number of an account that comes along. */
export type Here = {
  readonly isThere: boolean;
  /** Whether it came along from another source. */
  readonly isAnothers: boolean;
  /** What was taken over last time; null where nothing was. */
  readonly imported: { readonly prints: Prints | null; readonly hasOwnPassword: boolean } | null;
};

/** What came along in part or not at all, and why. */
export type ImportNote =
  /** Its number is that of an account that was made here, or came along from another source. */
  | 'number_taken'
  /** Somebody else has its username. */
  | 'username_taken'
  /** It was closed here after it had come along. */
  | 'closed_here'
  /** Somebody else has verified its address: here it is not. */
  | 'address_taken'
  /** Its password was set here since: that one stays. */
  | 'password_set_here'
  /** Somebody else has its second step, or its account at a provider. */
  | 'credential_taken';

/** Which parts of an account are taken over. */
export type Takes = Readonly<Record<Exclude<keyof Prints, 'origin'>, boolean>>;

export type ImportPlan =
  | { readonly kind: 'same' }
  | { readonly kind: 'create' }
  | {
      readonly kind: 'change';
      readonly takes: Takes;
      readonly notes: readonly ImportNote[];
    }
  | { readonly kind: 'refused'; readonly why: ImportNote };

const PARTS = [
  'account',
  'addresses',
  'rights',
  'password',
  'credentials',
  'origin',
] as const satisfies (keyof Prints)[];

/** What is to be done about an account. */
export function planImport(
  { prints }: Pick<SourceAccount, 'prints'>,
  { isThere, isAnothers, imported }: Here,
): ImportPlan {
  if (isAnothers) return { kind: 'refused', why: 'number_taken' };
  if (imported === null) return isThere ? { kind: 'refused', why: 'number_taken' } : { kind: 'create' };
  if (!isThere) return { kind: 'refused', why: 'closed_here' };
  const before = imported.prints;
  const hasMoved = (part: keyof Prints): boolean => before === null || before[part] !== prints[part];
  const isPasswordMoved = hasMoved('password');
  const takes = {
    account: hasMoved('account'),
    addresses: hasMoved('addresses'),
    rights: hasMoved('rights'),
    password: isPasswordMoved && !imported.hasOwnPassword,
    credentials: hasMoved('credentials'),
  };
  const notes = isPasswordMoved && imported.hasOwnPassword ? (['password_set_here'] as const) : [];
  const isSame = !PARTS.some(hasMoved);
  return isSame ? { kind: 'same' } : { kind: 'change', takes, notes };
}

/** Who wants a username, and whether a batch makes them give up the one that they have. */
export type NameClaim = { readonly id: AccountId; readonly key: string };

export type NameHolder = { readonly id: AccountId; readonly isImported: boolean };

/**
 * Who of a batch gets the username that they want, where its holder may give it up: within the batch by taking another or by
 * going, or after it, since their own turn is still to come. The rest keep what they have.
 */
export function settleNames(
  claims: readonly NameClaim[],
  holders: ReadonlyMap<string, NameHolder>,
  batch: { readonly upTo: AccountId; readonly going: ReadonlySet<AccountId> },
): { readonly granted: ReadonlySet<AccountId>; readonly parked: ReadonlySet<AccountId> } {
  let granted = new Set(claims.map(({ id }) => id));
  for (;;) {
    const taken = new Set<string>();
    const next = new Set<AccountId>();
    for (const { id, key } of claims) {
      const holder = holders.get(key);
      const isFree =
        holder === undefined ||
        holder.id === id ||
        granted.has(holder.id) ||
        batch.going.has(holder.id) ||
        (holder.isImported && holder.id > batch.upTo);
      if (!granted.has(id) || !isFree || taken.has(key)) continue;
      taken.add(key);
      next.add(id);
    }
    if (next.size === granted.size) break;
    granted = next;
  }
  const parked = new Set<AccountId>();
  for (const { id, key } of claims) {
    const holder = holders.get(key);
    if (granted.has(id) && holder !== undefined && holder.id !== id) parked.add(holder.id);
  }
  return { granted, parked };
}
