import type { DeviceProofFlaw } from '../credentials/dbsc.ts';
import type { ProofFlaw } from '../credentials/dpop.ts';
import type { Hasher } from '../credentials/hasher.ts';
import type { Notice } from '../mail/message.ts';
import type { Account, AccountId } from '../model/account.ts';
import type { Max } from '../model/limits.ts';
import type { Whereabouts } from '../model/place.ts';
import type { Code, FieldErrors } from '../model/reasons.ts';
import type { Session } from '../model/session.ts';
import type { TakeoverVerdict } from '../model/takeover.ts';
import type { Door } from '../sessions/admit.ts';
import type { Streams } from '../sessions/streams.ts';
import type { Checker } from '../sessions/verify.ts';
import type { OutboxItem } from '../stores/store.ts';
import type { Language } from '../texts/reader.ts';

/** What flows work with, put together once in `assemble.ts`. */
export type Parts = Door &
  Checker & {
    readonly streams: Streams;
    readonly hasher: Hasher;
    readonly hooks: Hooks;
    /** Tells the host what happened, after it did. Never throws, is never waited for. */
    readonly tell: (event: LatchkeyEvent) => void;
    /** Says in the log what an operator may have to see to. Never told a secret. */
    readonly warn: (details: object, message: string) => void;
    /** Work that outlives its request; a graceful stop waits for it. A failure is logged. */
    readonly background: (what: string, work: () => Promise<unknown>) => void;
    /** Makes an outbox item of a notice: sealed, for it may carry a link's secret. In English unless a language is given. */
    readonly mail: (notice: Notice, language?: Language) => OutboxItem;
    /** There is mail in the outbox: send it now rather than at the next round. */
    readonly mailWaits: () => void;
  };

/** The parts, for somebody who reads this language: the mails that their request causes are in it. */
export function partsFor(parts: Parts, language: Language): Parts {
  return { ...parts, mail: (notice) => parts.mail(notice, language) };
}

/** What a person gives to sign up, after it was found well-formed and before anything is kept. */
export type Registration = {
  readonly username: string;
  /** `''` where none was given. */
  readonly email: string;
  /** The host's extra fields, as its schema returned them. */
  readonly profile: Account['profile'];
};

export type Hooks = {
  /** May refuse a registration by messages under its fields. */
  readonly beforeRegistration: (registration: Registration) => Promise<FieldErrors | null>;
  /** Where an address is, as the host says. Never throws, and does not take long. */
  readonly placeOf: (address: string) => Promise<Whereabouts>;
  /** How many sessions an account may have, as the host says; null where the settings say it. Throws what the host throws; `busy`. */
  readonly limitOf: (account: Pick<Account, 'id' | 'roles' | 'profile'>) => Promise<Max | null>;
};

/** What happened, for the host to hear of. Carries no credential. */
export type LatchkeyEvent =
  | { readonly type: 'registered'; readonly account: Account }
  | {
      readonly type: 'signed_in';
      readonly account: Account;
      readonly session: Session;
      readonly displaced: readonly Session[];
    }
  /** Somebody did not get in; `accountId` is null where there is no such account. */
  | { readonly type: 'sign_in_refused'; readonly accountId: AccountId | null; readonly code: Code }
  /** A device that the account does not know took the place of others. */
  | {
      readonly type: 'place_taken';
      readonly account: Account;
      readonly session: Session;
      readonly displaced: readonly Session[];
    }
  /** A device that the account knows has its place again, from a device that had taken it. */
  | {
      readonly type: 'place_reclaimed';
      readonly account: Account;
      readonly session: Session;
      readonly displaced: readonly Session[];
    }
  /** A sign-in would have taken the place of a device, and was asked for more, or to wait. */
  | { readonly type: 'takeover_withheld'; readonly account: Account; readonly why: TakeoverVerdict['why'] }
  /** The owner said, by a mailed link, that a session was not theirs: every session ended. */
  | { readonly type: 'session_disowned'; readonly account: Account }
  /** Somebody showed the key of a session without what it is bound to, or a proof of that twice. The session goes on. */
  | { readonly type: 'key_misused'; readonly session: Session; readonly reason: ProofFlaw | DeviceProofFlaw }
  | { readonly type: 'signed_out'; readonly session: Session }
  | { readonly type: 'sessions_ended'; readonly accountId: AccountId; readonly sessions: readonly Session[] }
  | { readonly type: 'password_changed'; readonly account: Account }
  | { readonly type: 'password_reset'; readonly account: Account }
  | { readonly type: 'email_verified'; readonly account: Account }
  | { readonly type: 'email_changed'; readonly account: Account }
  /** Who had the address before took the change back. */
  | { readonly type: 'email_change_undone'; readonly account: Account }
  | { readonly type: 'profile_changed'; readonly account: Account }
  | { readonly type: 'account_suspended'; readonly account: Account }
  | { readonly type: 'account_reactivated'; readonly account: Account }
  | { readonly type: 'second_step_reset'; readonly account: Account }
  | { readonly type: 'roles_changed'; readonly account: Account }
  | { readonly type: 'account_closed'; readonly account: Account };
