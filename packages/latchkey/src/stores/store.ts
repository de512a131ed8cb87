import type { Account, AccountId, AccountState, Gate, Profile, SessionId } from '../model/account.ts';
import type { Limit, VoidReason, WhenFull } from '../model/admission.ts';
import type { Approval, ApprovalId, Verdict } from '../model/approval.ts';
import type { Binding } from '../model/binding.ts';
import type { Credential, CredentialKind, NewCredential } from '../model/credential.ts';
import type { AccountDevice, Device, DeviceSummary } from '../model/device.ts';
import type { ImportNote, Origin, SourceAccount, SourceAddress, SourceName } from '../model/import.ts';
import type { CredentialUse, OncePurpose, OnceRef, Spend } from '../model/once.ts';
import type { PasswordHash } from '../model/password.ts';
import type { Coordinates } from '../model/place.ts';
import type { EndReason } from '../model/reasons.ts';
import type { SecondStepPolicy } from '../model/second-step.ts';
import type { Session, SignInMethod, TokenRef } from '../model/session.ts';
import type { Feed } from './feed.ts';

/**
 * How things are kept. Each method is one sentence of the domain and happens wholly or not at all, whatever else happens at
 * the same time on whatever node; there is no transaction to hold open. `null` means "no such thing"; an exception means that
 * the store is ill (`StoreUnavailable`) or that there is a bug. No method takes the time: a store has a clock of its own.
 *
 * Every store must pass the suite in `testing/conformance.ts`.
 */
export type Store = {
  readonly accounts: AccountStore;
  readonly credentials: CredentialStore;
  readonly sessions: SessionStore;
  readonly devices: DeviceStore;
  readonly once: OnceStore;
  readonly approvals: ApprovalStore;
  readonly counters: CounterStore;
  readonly marks: MarkStore;
  readonly outbox: OutboxStore;
  readonly history: HistoryStore;
  readonly imports: ImportStore;
  readonly settings: SettingStore;
  /** How this node hears of the others; null where checks need no such thing. */
  readonly feed: Feed | null;
  /** Rejects where nothing can be written any more, and somebody has to see to that. */
  writable(): Promise<void>;
  /** Lets go of files and connections. Calls after it reject with `StoreUnavailable`. */
  close(): Promise<void>;
};

/** The store cannot do its work just now: answered as 503, never taken for "no such thing". */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}

/** An account with what proves it and what its sessions hang on. Stays inside; what leaves is the `Account`. */
export type AccountRecord = {
  readonly account: Account;
  readonly gate: Gate;
  /** Self-describing; null where no password was ever set or it was made unusable. */
  readonly passwordHash: string | null;
};

/** Something usable once: a mailed link, an invitation. Only the hash of its secret is kept. */
export type NewOnce = {
  readonly purpose: OncePurpose;
  readonly hash: Uint8Array;
  readonly lifetimeMs: number;
  /** What using it means beyond its purpose, such as the address that a link verifies. */
  readonly data: string;
};

export type OutboxItem = {
  readonly topic: 'mail' /** Sealed: it may carry the secret of a link. */;
  readonly payload: Uint8Array;
};

export type NewAccount = {
  readonly username: string;
  readonly usernameKey: string;
  readonly email: { readonly address: string; readonly key: string; readonly verified: boolean } | null;
  /** Refuse an address that another account has verified. Two accounts never *verify* one address, whatever is said here. */
  readonly emailUnique: boolean;
  readonly firstName: string;
  readonly lastName: string;
  readonly profile: Profile;
  readonly password: PasswordHash | null;
  readonly state: Exclude<AccountState, 'closed'>;
  readonly roles: readonly string[];
  /** The invitation that this spends, or null. */
  readonly invitation: Uint8Array | null;
  readonly link: NewOnce | null;
  /** What its owner signs in with beside a password. */
  readonly credentials?: readonly NewCredential[];
  readonly outbox: readonly OutboxItem[];
};

export type Created =
  | { readonly kind: 'created'; readonly record: AccountRecord }
  | { readonly kind: 'username_taken' }
  | { readonly kind: 'email_taken' }
  /** One of its credentials is there already, whoever's it is. */
  | { readonly kind: 'credential_taken' }
  | { readonly kind: 'invitation_void' };

/** A change that voids sessions, and the sessions that ended by it. */
export type Voided = { readonly record: AccountRecord; readonly ended: readonly Session[] };

/**
 * On whose behalf something is changed: a session, or null for an operator. A session that has ended by then, however little
 * before, changes nothing: what it asks for was checked too long ago.
 */
export type By = Acting | null;

/** The session that asks. Where sessions are kept apart from accounts, its revision says whether the account still lets it. */
export type Acting = Pick<Session, 'id' | 'openedRevision'>;

/** The session that asked is over, for this reason; nothing was changed. */
export type Over = { readonly over: EndReason };

export type AccountStore = {
  /** Makes an account, its address, its credentials, its link and its mails. Of two at once with one username, one gets `username_taken`. */
  create(account: NewAccount): Promise<Created>;
  find(id: AccountId): Promise<AccountRecord | null>;
  findByUsername(usernameKey: string): Promise<AccountRecord | null>;
  /** The one account that verified the address; where none did, at most five that named it as theirs, the oldest first. */
  findByEmail(emailKey: string): Promise<readonly AccountRecord[]>;
  /** In the order of their numbers, after `after`. */
  page(page: { readonly after: AccountId; readonly limit: number }): Promise<readonly Account[]>;
  /**
   * Changes what is given. `Over`, `username_taken`, and `profile_moved` where the extra fields are no longer `from`, change nothing at
   * all; null when the account is gone.
   */
  updateProfile(change: ProfileChange): Promise<AccountRecord | Over | 'username_taken' | 'profile_moved' | null>;
  /** Replaces `from` by `to`, and does nothing where the hash is another one by now. Moves no revision. */
  renewHash(change: { readonly id: AccountId; readonly from: string; readonly to: PasswordHash }): Promise<boolean>;
  /**
   * Sets a password, voids every session but `kept` and every link to reset it. null when the account is gone or not active; of
   * two changes at once by two sessions, one wins and the other is over.
   */
  changePassword(change: {
    readonly id: AccountId;
    readonly by: Acting;
    readonly kept: SessionId | null;
    readonly to: PasswordHash;
    readonly outbox: readonly OutboxItem[];
  }): Promise<Voided | Over | null>;
  /**
   * Keeps links and puts their mails into the outbox. Links of the same purpose that are out stay good. A link of nobody
   * (`id` null) is kept like any other: asking for an address that nobody has must not be quicker.
   */
  issueLinks(issue: {
    readonly links: readonly { readonly id: AccountId | null; readonly link: NewOnce }[];
    readonly outbox: readonly OutboxItem[];
  }): Promise<void>;
  /** Is this link good now? Spends nothing. */
  hasLink(link: { readonly id: AccountId; readonly purpose: OncePurpose; readonly hash: Uint8Array }): Promise<boolean>;
  /**
   * Spends a link, sets the password, voids every session and every other link to reset it. Where nobody had verified the address,
   * every credential goes, second steps as well: it was put there by somebody who never showed that it is theirs. null for a link that is absent, expired, spent or another account's: of two uses at once, one wins.
   * A link that came along from elsewhere is good while the password is the one that it was made with, which using it ends.
   */
  resetPassword(reset: {
    readonly id: AccountId;
    readonly link: Uint8Array | { readonly whilePasswordIs: string | null };
    readonly to: PasswordHash;
    readonly outbox: readonly OutboxItem[];
  }): Promise<Voided | null>;
  /** Spends a link and marks exactly the address that it was mailed to. null as above, or where another account verified it first. */
  verifyEmail(link: Uint8Array): Promise<AccountRecord | null>;
  /**
   * Spends a link (its data is a `ClaimedEmail`), marks exactly the address that it was mailed to, which nobody had verified, and takes
   * away what was there before: the password, every credential, every session, every other link and every proof. `reset` is kept.
   * null as above, where the address is verified by now, whoever's it is, and where the account is not active.
   */
  claimEmail(claim: {
    readonly id: AccountId;
    readonly link: Uint8Array;
    readonly reset: NewOnce;
    readonly outbox: readonly OutboxItem[];
  }): Promise<Voided | null>;
  /**
   * Keeps the link that changes the account's address (its data is a `PendingEmail`) in the place of any other, and the mails that
   * tell of it. null when the account is gone or not active.
   */
  beginEmailChange(change: {
    readonly id: AccountId;
    readonly by: Acting;
    readonly link: NewOnce;
    readonly outbox: readonly OutboxItem[];
  }): Promise<AccountRecord | Over | null>;
  /**
   * Spends a link, and gives the account the address that it was mailed to, verified, in the place of the one that it has. Every
   * link that was mailed to that is void, and `undo` is kept (its data is a `FormerEmail`). null for a link that is absent, expired,
   * spent or another account's, or was voided since it was asked for, and where another account verified the address first.
   */
  confirmEmailChange(change: {
    readonly id: AccountId;
    readonly link: Uint8Array;
    readonly undo: NewOnce | null;
    readonly outbox: readonly OutboxItem[];
  }): Promise<AccountRecord | null>;
  /**
   * Spends a link, and gives the account its former address back, verified, with no password, no passkey and no social identity, and
   * without the second steps that are as old as `since` or newer. Every session ends; every link that was mailed to the other is
   * void, and so is what would take a later change back. `reset` is kept. null as above, whatever was voided since.
   */
  undoEmailChange(change: {
    readonly id: AccountId;
    readonly link: Uint8Array;
    readonly reset: NewOnce;
    readonly outbox: readonly OutboxItem[];
  }): Promise<Voided | null>;
  /**
   * Spends a link (its data is a `DisownedSession`): its owner says that this session is not theirs. Every session ends, the password
   * is void, every credential goes that is as old as `since` or newer, and every other link that was mailed is void; `reset` is
   * kept. null for a link that is absent, expired, spent or another account's, and where the account is not active: of two uses at
   * once, one wins.
   */
  disownSession(disowned: {
    readonly id: AccountId;
    readonly link: Uint8Array;
    readonly reset: NewOnce;
    readonly outbox: readonly OutboxItem[];
  }): Promise<Voided | null>;
  /**
   * Suspends (every session ends) or lets in again (none comes back). Where that is its state already, nothing happens at all.
   * null when the account is gone.
   */
  setState(change: {
    readonly id: AccountId;
    readonly state: Exclude<AccountState, 'closed'>;
  }): Promise<(Voided & { readonly isChanged: boolean }) | null>;
  /**
   * Sessions stay, and their next check shows the new roles; but where a second step is demanded of whoever has these, and was not of
   * whoever had the old ones, every session ends, and every proof that was made before is void. null when the account is gone.
   */
  setRoles(change: {
    readonly id: AccountId;
    readonly roles: readonly string[];
    readonly demandedOf: SecondStepPolicy['demandedOf'];
  }): Promise<Voided | null>;
  /** Ends every session but `kept`, and voids every proof that was made before: a sign-in under way does not slip through. */
  signOutEverywhere(change: {
    readonly id: AccountId;
    readonly by: By;
    readonly kept: SessionId | null;
  }): Promise<Voided | Over | null>;
  /**
   * Does that to the next `limit` accounts after `after`, whoever they are: for a backup that was restored. `upTo` is where to go
   * on; where there was none left, `accounts` is 0. `highest` is the highest number of all. Asked again, it is done again.
   */
  signAllOut(page: { readonly after: AccountId; readonly limit: number }): Promise<{
    readonly accounts: number;
    readonly upTo: AccountId;
    readonly highest: AccountId;
  }>;
  /**
   * Ends every session and removes the account with all that names its owner, and with what is known of their devices: ids,
   * names, keys, places and networks, in history too. Its number is never given again.
   */
  close(closing: { readonly id: AccountId; readonly by: By }): Promise<Voided | Over | null>;
  /**
   * Removes every second step, passkeys among them where there is a password to come in by; every session ends, and the mails
   * go out. Where there was none, nothing happens at all. null when the account is gone.
   */
  resetSecondStep(reset: {
    readonly id: AccountId;
    readonly outbox: readonly OutboxItem[];
  }): Promise<(Voided & { readonly removed: number }) | null>;
  /** The schemes of all hashes that are kept. */
  hashSchemes(): Promise<readonly string[]>;
};

/** Not done, and why: such a credential is there already, or nothing would be left to come in by. */
export type CredentialRefused = { readonly refused: 'taken' | 'last_way_in' };

/** What accounts have beside their passwords. It goes with its account. */
export type CredentialStore = {
  /** All of an account's, the oldest first, with the store's time. */
  list(accountId: AccountId): Promise<{ readonly credentials: readonly Credential[]; readonly now: number }>;
  find(id: string): Promise<Credential | null>;
  /** The one of a kind that was made or used longest ago, whoever's it is: what is sealed with an older key is. null where there is none. */
  stalest(kind: CredentialKind): Promise<Credential | null>;
  /**
   * Adds these in the place of those of the kinds in `replaces`. `taken` where one is there already, whoever's it is. Where it
   * `voids`, every session but `kept` ends, and every proof that was made before is void. null when the account is gone or not
   * active, or where its gate has voided by now what was proved at the revision `provenAt`, if any.
   */
  add(adding: {
    readonly accountId: AccountId;
    readonly by: By;
    readonly provenAt: number | null;
    readonly credentials: readonly NewCredential[];
    readonly replaces: readonly CredentialKind[];
    readonly voids: boolean;
    readonly kept: SessionId | null;
    readonly outbox: readonly OutboxItem[];
  }): Promise<Voided | Over | CredentialRefused | null>;
  /**
   * Removes these, ends every session but `kept`, voids every proof that was made before. `last_way_in` where its owner could not
   * come in any more. null when the account has none of them, or where `use` is spent by now.
   */
  remove(removing: {
    readonly accountId: AccountId;
    readonly by: By;
    readonly ids: readonly string[];
    /** What showed that it is their owner who asks, or null. */
    readonly use: CredentialUse | null;
    readonly kept: SessionId | null;
    readonly outbox: readonly OutboxItem[];
  }): Promise<Voided | Over | CredentialRefused | null>;
  /** Calls it something else. Whether the account has it. */
  rename(renaming: { readonly accountId: AccountId; readonly id: string; readonly label: string }): Promise<boolean>;
  /** Uses one, and notes when. Of two uses at once, one is true; false where it is gone. */
  use(use: CredentialUse): Promise<boolean>;
};

export type ProfileChange = {
  readonly id: AccountId;
  readonly by: By;
  readonly username?: { readonly name: string; readonly key: string };
  readonly firstName?: string;
  readonly lastName?: string;
  /** The extra fields as a whole. Of two changes at once that were made from the same ones, the second is told so. */
  readonly profile?: { readonly from: Profile; readonly to: Profile };
};

export type Admit = {
  readonly session: {
    readonly id: SessionId;
    readonly tokenHash: Uint8Array;
    readonly device: Device;
    readonly place: string | null;
    /** For history alone: where that is, coarsely. */
    readonly coordinates: Coordinates | null;
    /** For history alone: the client's network, as a keyed hash that the caller made. */
    readonly network: string | null;
    readonly client: string | null;
    readonly binding: Binding | null;
    readonly method: SignInMethod;
    readonly lifetimeMs: number;
    /** Whether its holder has just proved who they are: one of a session that was imported has not, nor by half of what is asked for. */
    readonly isFresh: boolean;
  };
  /** The account as it was when the proof was made. */
  readonly gate: Gate;
  readonly spends: readonly Spend[];
  /** Mails that tell of what is spent, and go where it is. */
  readonly outbox?: readonly OutboxItem[];
  /** Where the device was given its id just now: the mails that tell its account's owner. null where nobody is to be told. */
  readonly arrival?: Arrival | null;
  readonly limits: readonly Limit[];
  readonly whenFull: WhenFull;
  /** The sessions that were chosen to end, in place of which this one opens; those that may not be chosen stay as they are. */
  readonly ends: readonly SessionId[];
  /** The session that let this one in, where one has: it has to be live. */
  readonly approvedBy?: SessionId | null;
  /** Whether nobody is to go for it: where somebody would have to, it is `held`. */
  readonly holdsBack?: boolean;
  /** The device whose session goes before all others where one has to go, or null. */
  readonly goesFirst?: string | null;
  readonly idleMs: number;
  /** The fingerprint of the rule that this node follows. */
  readonly rule: string;
};

/** What an account's owner is told of a new device: one of these two. */
export type Arrival = {
  readonly mail: OutboxItem;
  /** In its place after `DEVICE_MAILS` within an hour, to say that there are more: after it there is none until the hour is over. */
  readonly last: OutboxItem;
  /** The hash of the link in both by which its owner says that the session is not theirs (`disownSession`): kept where one of them goes. */
  readonly disown?: Uint8Array | null;
  /** Whether there is neither where somebody is displaced: another mail tells of that. */
  readonly isToldOtherwise?: boolean;
};

/** So many new devices of an account are each told of within `DEVICE_MAILS_MS`. */
export const DEVICE_MAILS = 5;
export const DEVICE_MAILS_MS = 3_600_000;

export type Admitted =
  | {
      readonly kind: 'admitted';
      readonly session: Session;
      readonly replaced: readonly Session[];
      readonly displaced: readonly Session[];
    }
  /**
   * There is no place, and nobody went: as many as `least` of those `among` whom one may choose have to end first, the longest in
   * first. What the proof spends is spent. `now` is the store's time.
   */
  | { readonly kind: 'full'; readonly among: readonly Session[]; readonly least: number; readonly now: number }
  /** Somebody would have to go for it, and nobody did. What the proof spends is spent. */
  | { readonly kind: 'held' }
  /** The account is not active, something voided the proof since it was made, or whoever let it in is not in any more. Nothing was spent. */
  | { readonly kind: 'void'; readonly why: VoidReason }
  /** What the proof would spend was spent already, or has expired. */
  | { readonly kind: 'spent' }
  /** The token is another account's, or its session is over. */
  | { readonly kind: 'token_used' }
  /** This node follows another rule than the one in force. */
  | { readonly kind: 'rule_mismatch'; readonly inForce: string };

/** A session's holder has shown again who they are. */
export type ShownAgain = {
  readonly by: Acting;
  /** The account as it was when the proof was made. */
  readonly gate: Gate;
  readonly spends: readonly Spend[];
};

export type Reauthenticated =
  | { readonly kind: 'reauthenticated'; readonly session: Session }
  /** The account is not active, or something voided the proof since it was made. */
  | { readonly kind: 'void' }
  /** What the proof would spend was spent already, or has expired. */
  | { readonly kind: 'spent' };

export type EndingNotice = {
  readonly sessionId: SessionId;
  readonly accountId: AccountId;
  readonly reason: EndReason;
  readonly at: number;
  readonly by: DeviceSummary | null;
};

export type OpeningNotice = {
  readonly sessionId: SessionId;
  readonly accountId: AccountId;
  readonly at: number;
  readonly device: DeviceSummary;
};

/** Somebody asks to come in. */
export type ApprovalNotice = {
  readonly approvalId: ApprovalId;
  readonly accountId: AccountId;
  readonly at: number;
  readonly device: DeviceSummary;
  readonly place: string | null;
};

/** They were answered, by somebody who is in. */
export type ApprovalAnswer = {
  readonly approvalId: ApprovalId;
  readonly accountId: AccountId;
  readonly at: number;
  readonly isApproved: boolean;
};

/**
 * What happened to a session, or to a request for one, and its position among all that did. Positions grow in the order of commits: whoever has read up
 * to one has missed none before it. Between two there may be others, which are of something else.
 */
export type SessionChange = { readonly position: number } & (
  | { readonly kind: 'opened'; readonly opening: OpeningNotice }
  | { readonly kind: 'ended'; readonly ending: EndingNotice }
  | { readonly kind: 'approval_asked'; readonly asking: ApprovalNotice }
  | { readonly kind: 'approval_answered'; readonly answer: ApprovalAnswer }
);

export type SessionStore = {
  /**
   * The door: `model/admission.ts` under the account's lock. Live are sessions neither ended, nor expired, nor idle. Asked
   * again with the same session id, it changes nothing and returns the first result; with the token of a live session of the
   * account, that session. Of any number at once with what one proof spends, one is answered by more than `spent`. Where it opens
   * a session, its account knows the device from then on, and the mail of its `arrival` goes out: once, whatever dies in between,
   * and not for the first device that an account ever had.
   */
  admit(admit: Admit): Promise<Admitted>;
  /** The same of each of these, which are of sessions that came along from elsewhere; together where that is quicker. */
  admitAll(admits: readonly Admit[]): Promise<readonly Admitted[]>;
  /** The session of a token, live or ended, with the store's time; null when there is none or it was purged. One read. */
  find(token: TokenRef): Promise<{ readonly session: Session; readonly now: number } | null>;
  /** Notes that these were used just now. Touches live rows only: nothing that ended or fell idle comes back. */
  touch(touch: { readonly tokens: readonly TokenRef[]; readonly idleMs: number }): Promise<void>;
  /** Ends one of the account's sessions; one that had ended stays as it was (`isEndedNow` false). null when it is not the account's. */
  end(end: {
    readonly accountId: AccountId;
    readonly sessionId: SessionId;
    readonly by: By;
    readonly reason: EndReason;
  }): Promise<{ readonly session: Session; readonly isEndedNow: boolean } | Over | null>;
  /**
   * Notes that the holder of a session proves who they are just now, and spends what that proof uses up: of two at once with one
   * code, one is in time. Other nodes are not told: whoever finds a session not fresh asks the store before saying so.
   */
  reauthenticate(shown: ShownAgain): Promise<Reauthenticated | Over>;
  /**
   * Binds the session that asks, if it has not ended, to a key, for good: of two at once one wins. null where it is bound already,
   * to whatever, or is not the account's. When this is answered, with null too, no node goes on with the session as it was
   * before. A binding is never replaced, and never removed but with its account.
   */
  bind(binding: {
    readonly by: Acting;
    readonly accountId: AccountId;
    readonly binding: Binding;
  }): Promise<Session | Over | null>;
  /** The account's sessions that have not ended, the newest first, with the store's time. Some may be expired or idle. */
  list(accountId: AccountId): Promise<{ readonly sessions: readonly Session[]; readonly now: number }>;
  /** What happened to everybody's sessions after a position, in its order, at most `limit`. */
  changes(since: { readonly after: number; readonly limit: number }): Promise<readonly SessionChange[]>;
  /** The same of one account. */
  changesOf(since: {
    readonly accountId: AccountId;
    readonly after: number;
    readonly limit: number;
  }): Promise<readonly SessionChange[]>;
  /** The position of the last thing that happened; 0 where nothing did. */
  position(): Promise<number>;
  /** Calls back soon after another process may have opened or ended sessions, and now and then without cause. Returns how to stop it. */
  watch(onChange: () => void): () => void;
  /** Puts a rule in force: nodes that follow another admit nobody from now on. */
  setRule(rule: string): Promise<void>;
  ruleInForce(): Promise<string | null>;
  /** Removes at most `limit` sessions that ended or expired more than `keepMs` ago. How many went. */
  purge(purge: { readonly keepMs: number; readonly limit: number }): Promise<number>;
};

/** The devices that accounts know by their ids, `MOST_DEVICES` of each. They go with their account. */
export type DeviceStore = {
  /** All of an account's, the last seen first: with each session that was opened until now. */
  list(accountId: AccountId): Promise<readonly AccountDevice[]>;
  /**
   * Calls one something else, or (null) by what it is again. It is known from then on, if it was not. false where there is no such
   * account.
   */
  label(labelling: {
    readonly accountId: AccountId;
    readonly by: By;
    readonly device: Device & { readonly id: string };
    readonly label: string | null;
  }): Promise<boolean | Over>;
};

export type OnceStore = {
  /** In the place of one that has expired, if need be. */
  put(once: NewOnce): Promise<void>;
  /** The data of a good one, which stays good; null as below. */
  peek(once: OnceRef): Promise<string | null>;
  /** The data of a good one, which is gone by this; null when absent, expired or spent. Of two at once, one gets it. */
  spend(once: OnceRef): Promise<string | null>;
  /** Spends one, and puts others in its place; its data, or null as above, where nothing is put. Of any number at once, one gets it. */
  exchange(exchange: { readonly from: OnceRef; readonly to: readonly NewOnce[] }): Promise<string | null>;
  /** Makes void at most `limit` of all that are out, whatever they are for. How many; 0 where none is left. */
  voidAny(limit: number): Promise<number>;
  /** Removes at most `limit` that have expired. How many went. */
  purge(limit: number): Promise<number>;
};

/** A sign-in that asks to be let in. */
export type NewApproval = {
  readonly id: ApprovalId;
  readonly accountId: AccountId;
  /** The hash of its ticket, which is usable once for `approve-session`: the door spends it. */
  readonly ticket: Uint8Array;
  /** Which device asks, as far as that can be told. */
  readonly from: string;
  readonly device: DeviceSummary;
  readonly place: string | null;
  readonly waitMs: number;
  /** For how long after that what became of it can still be found. */
  readonly tellMs: number;
  /** What its flow keeps of it. */
  readonly data: string;
};

export type ApprovalStore = {
  /**
   * Keeps one in the place of that which its device has out, if any, and has those hear of it who follow the account's changes. null,
   * and nothing is kept, where as many as `most` others wait: of any number at once no more than that.
   */
  ask(asking: { readonly approval: NewApproval; readonly most: number }): Promise<Approval | null>;
  /** Those of an account that wait for an answer, the first that asked first, with the store's time. */
  waiting(accountId: AccountId): Promise<{ readonly approvals: readonly Approval[]; readonly now: number }>;
  /** The one of a ticket, answered or not, with the store's time; null when it is absent, spent, or found no more. */
  find(ticket: Uint8Array): Promise<{ readonly approval: Approval; readonly now: number } | null>;
  /**
   * Answers one that waits: of two at once one does. Who was approved may come in by it for `collectMs` from now. null when it is not
   * the account's, does not wait any more, or was answered.
   */
  answer(answer: {
    readonly accountId: AccountId;
    readonly id: ApprovalId;
    readonly by: Acting;
    readonly verdict: Verdict;
    readonly collectMs: number;
  }): Promise<Approval | Over | null>;
};

export type Take = { readonly key: string; readonly limit: number; readonly windowMs: number };

export type Taken = {
  readonly key: string;
  readonly isWithin: boolean /** Until the window is over. */;
  readonly retryAfterMs: number;
};

export type CounterStore = {
  /**
   * Counts one under each key, and then looks: of any number at once, no more than `limit` in a window are within it. What is
   * over the limit is counted once, so that giving back makes room again.
   */
  take(takes: readonly Take[]): Promise<readonly Taken[]>;
  /** Takes one back under each key of `giveBack`, where the window is not over, and forgets those of `clear`. */
  settle(counted: { readonly giveBack?: readonly string[]; readonly clear?: readonly string[] }): Promise<void>;
  /** Removes at most `limit` whose window is over. How many went. */
  purge(limit: number): Promise<number>;
};

/** What was shown and must not be shown again for a while. Of it a hash is kept, and nothing else. */
export type MarkStore = {
  /**
   * Whether it was not there: of any number at once, one is told so, whatever a clock does. From then on it is there for `lifetimeMs`.
   * A failure of the power, or of a server that had not told its replicas, may lose it.
   */
  add(mark: { readonly hash: Uint8Array; readonly lifetimeMs: number }): Promise<boolean>;
  /** Removes at most `limit` that are over, where they do not go by themselves. How many went. */
  purge(limit: number): Promise<number>;
};

export type OutboxEntry = {
  readonly id: number;
  readonly topic: 'mail';
  readonly payload: Uint8Array;
  readonly createdAt: number;
  /** How long ago that was. */
  readonly ageMs: number;
  /** How often it was tried before. */
  readonly attempts: number;
};

export type OutboxStore = {
  /** Claims what is due: nobody else gets it for `leaseMs`, after which it is due again (its sender may have died). */
  claim(claim: { readonly limit: number; readonly leaseMs: number }): Promise<readonly OutboxEntry[]>;
  /** It was sent: it goes. */
  done(id: number): Promise<void>;
  /** It was not: due again in `delayMs`, or never (`null`), which keeps it for an operator to see. */
  retry(retry: { readonly id: number; readonly delayMs: number | null; readonly error: string }): Promise<void>;
  put(items: readonly OutboxItem[]): Promise<void>;
  /** What waits or was given up, the newest first. */
  page(
    limit: number,
  ): Promise<readonly (OutboxEntry & { readonly error: string | null; readonly isGivenUp: boolean })[]>;
  /** Removes at most `limit` that were put in more than `keepMs` ago. How many went. */
  purge(purge: { readonly keepMs: number; readonly limit: number }): Promise<number>;
};

export type HistoryKind =
  | 'account_created'
  | 'account_suspended'
  | 'account_reactivated'
  | 'account_closed'
  | 'email_verified'
  | 'email_changed'
  | 'email_change_undone'
  | 'session_disowned'
  | 'password_changed'
  | 'password_reset'
  | 'roles_changed'
  | 'second_step_reset'
  | 'credential_added'
  | 'credential_removed'
  | 'signed_out_everywhere'
  | 'session_opened'
  | 'session_ended'
  | 'approval_asked'
  | 'approval_given'
  | 'approval_declined';

export type HistoryEntry = {
  readonly id: number;
  readonly at: number;
  readonly kind: HistoryKind;
  readonly accountId: AccountId;
  /** Of an approval, its id. */
  readonly sessionId: SessionId | null;
  /**
   * Of an opened session its `method`, `sequence`, `device`, `class`, `device_id`, `client`, `place`, `lat` and `lon` (degrees), and
   * `network` (a hash that tells networks of one account apart, and nothing else). Of an ended session its `reason`, and `by` what;
   * `replaced` is 1 where the same device signed in again. Of an approval `device`, `class` and `place`, and `by_session` who answered.
   */
  readonly data: { readonly [key: string]: string | number | null };
};

/** How far a reader of all history has come. */
export type HistoryMark = {
  /** The account, of which lines up to the one with this id were read; no account with history has a number above `highest`. */
  readonly accountId: AccountId;
  readonly id: number;
  readonly highest: AccountId;
  /** No line before this id is of the time that is asked for. */
  readonly first: number;
};

export type HistoryStore = {
  /** What happened to an account, the newest first, before `before` (an id) where given. */
  page(page: {
    readonly accountId: AccountId;
    readonly before: number | null;
    readonly limit: number;
  }): Promise<readonly HistoryEntry[]>;
  /**
   * What happened since a time (milliseconds since 1970), account by account in the order of their numbers, and of each account the
   * oldest first. At most `limit` lines (1 or more) after `after`, which is the `next` of the page before. A page may be short, or
   * empty: only where `next` is null it was the last. What was written down more than a day after it happened may be left out.
   */
  byAccount(page: {
    readonly since: number;
    readonly after: HistoryMark | null;
    readonly limit: number;
  }): Promise<{ readonly entries: readonly HistoryEntry[]; readonly next: HistoryMark | null }>;
  /** Removes at most `limit` of the oldest, of more than `keepMs` ago; never the last. How many went. */
  purge(purge: { readonly keepMs: number; readonly limit: number }): Promise<number>;
};

export type SettingStore = {
  /** The value under a name; where there is none, `value` is kept and returned. Of two at once, both get one. */
  getOrSet(name: string, value: string): Promise<string>;
};

/** Accounts as their source has them: all that it has between these numbers, the upper one among them. */
export type ImportBatch = {
  readonly source: SourceName;
  readonly after: AccountId;
  readonly upTo: AccountId;
  /** In the order of their numbers. */
  readonly accounts: readonly SourceAccount[];
  /** Those that it has, too, and that nobody can read: they stay as they are. */
  readonly unread: readonly AccountId[];
  /** Whether it is all that the source has: who came along and is missing is closed. Else they stay, and are told as missing. */
  readonly isWhole: boolean;
  /** Whether it is only looked what would be done. */
  readonly isLook: boolean;
  readonly demandedOf: SecondStepPolicy['demandedOf'];
};

export type Imported = {
  readonly id: AccountId;
  readonly what: 'created' | 'changed' | 'same' | 'removed' | 'missing' | 'refused';
  readonly notes: readonly ImportNote[];
};

export type ImportDone = {
  readonly accounts: readonly Imported[];
  /** Of the accounts whose sessions are to be told of a change. */
  readonly gates: readonly Gate[];
};

/** A key or a browser session that came along, by its hash. */
export type ImportedKey = {
  readonly hash: Uint8Array;
  readonly accountId: AccountId;
  readonly sessionId: SessionId;
  readonly kind: 'key' | 'browser';
};

/** An account with all that goes along where it goes elsewhere. */
export type ExportedAccount = {
  readonly record: AccountRecord;
  readonly addresses: readonly (SourceAddress & { readonly isPrimary: boolean })[];
  readonly credentials: readonly Credential[];
  /** null where it did not come along from Django. */
  readonly origin: Origin | null;
  /** Whether its number in Django is its own: it came along from there, or an export made it there. */
  readonly isKnownThere: boolean;
};

/** An account's number, and what its source knows it by. */
export type Allotted = { readonly id: AccountId; readonly sourceId: string };

export type Range = { readonly after: AccountId; readonly upTo: AccountId };

/** What comes along from elsewhere, and goes back there. */
export type ImportedOrigin = Origin & {
  /** The account's revision as its source left it: what has voided proofs here since then voids what was given out there, too. */
  readonly provenAt: number;
};

export type ImportStore = {
  /**
   * Takes a batch over as `model/import.ts` says, wholly or not at all: makes accounts under the numbers that they have, changes
   * what their source has changed since, and closes those that came along and that it has no more. Asked again, it does nothing.
   */
  accounts(batch: ImportBatch): Promise<ImportDone>;
  /**
   * The numbers of accounts, by what a source without numbers knows them by. Who is seen for the first time is allotted the next one,
   * for good, that no account gets otherwise; in a look nobody is: null. Of two calls at once both get the same.
   */
  allot(seen: {
    readonly source: SourceName;
    readonly ids: readonly string[];
    readonly isLook: boolean;
  }): Promise<readonly (AccountId | null)[]>;
  /** Who was allotted a number, in the order of numbers. Not those who were gone there, and are closed here for that. */
  allotted(page: {
    readonly source: SourceName;
    readonly after: AccountId;
    readonly limit: number;
  }): Promise<readonly Allotted[]>;
  /** How many came along from there and are still here. */
  count(source: SourceName): Promise<number>;
  /** What was noted of an account that came along from Django; null for any other. */
  origin(id: AccountId): Promise<ImportedOrigin | null>;
  /**
   * Marks the address with this number of its source as verified. null where it is by now, where somebody else's is, where it is gone,
   * and for what was signed longer ago than `lifetimeMs`, or as far ahead.
   */
  verifyEmail(link: {
    readonly number: number;
    /** Milliseconds since 1970. */
    readonly signedAt: number;
    readonly lifetimeMs: number;
  }): Promise<AccountRecord | null>;
  /** The keys of accounts with these numbers that came along. */
  keys(range: Range): Promise<readonly ImportedKey[]>;
  /** The one with this hash, or null. */
  key(hash: Uint8Array): Promise<ImportedKey | null>;
  noteKeys(keys: { readonly add: readonly ImportedKey[]; readonly remove: readonly Uint8Array[] }): Promise<void>;
  /** Accounts in the order of their numbers, for the way back to Django. */
  page(page: { readonly after: AccountId; readonly limit: number }): Promise<readonly ExportedAccount[]>;
  /** Notes accounts that an export has made in Django, for good. */
  noteExported(ids: readonly AccountId[]): Promise<void>;
  /** Of accounts that came along from Django, or that an export made there, the numbers of those that were closed here. */
  closed(page: { readonly after: AccountId; readonly limit: number }): Promise<readonly AccountId[]>;
};
