import type { Hasher } from '../credentials/hasher.ts';
import type { Notice } from '../mail/message.ts';
import type { Account, AccountId } from '../model/account.ts';
import type { Whereabouts } from '../model/place.ts';
import type { Code, FieldErrors } from '../model/reasons.ts';
import type { Session } from '../model/session.ts';
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
