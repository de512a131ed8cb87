/**
 * The rule that keeps whoever has learned a password from winning for ever: which sign-ins may take the place of another device as
 * they are, which have to show more first, and which have to wait.
 */
import type { AccountId, SessionId } from './account.ts';

export type TakeoverPolicy = {
  /** How often new devices may take the places of others; null counts nothing. */
  readonly rate: { readonly limit: number; readonly windowMs: number } | null;
  /** Whether a new device shows a second proof each time. */
  readonly stepUp: boolean;
};

/** A sign-in for which another device would have to go. */
export type Takeover = {
  /**
   * Who asks: a device that the account has known for a while (`known`); whoever has shown more than half of what signs its owner
   * in (`proven`); or anybody else who has shown a first proof (`new`).
   */
  readonly by: 'known' | 'proven' | 'new';
  /** Whether a known device lately took its place back from a new one. */
  readonly isContested: boolean;
  /** Whether new devices took places no more often than they may, this one among them. */
  readonly isWithinRate: boolean;
  /** Whether there is something that could be shown beside the first proof. */
  readonly canStepUp: boolean;
};

export type TakeoverVerdict =
  | { readonly kind: 'none'; readonly why: 'known' | 'proven' | 'within_rate' }
  /** More is to be shown first. */
  | { readonly kind: 'step-up'; readonly why: 'always' | 'contested' | 'too_often' }
  /** There is nothing more to show: it has to wait. */
  | { readonly kind: 'refuse'; readonly why: 'too_often' };

/**
 * Decides in this order: a device that the account knows, and whoever has shown two things, take a place whenever they like, so that
 * no stranger keeps the owner out; of anybody else more is asked where the policy says so each time, where the account is contested,
 * and where it happened too often. Where an account has nothing more to show, the rate alone holds.
 */
export function decideTakeover(policy: Pick<TakeoverPolicy, 'stepUp'>, takeover: Takeover): TakeoverVerdict {
  const { by, isContested, isWithinRate, canStepUp } = takeover;
  if (by !== 'new') return { kind: 'none', why: by };
  if (canStepUp && policy.stepUp) return { kind: 'step-up', why: 'always' };
  if (canStepUp && isContested) return { kind: 'step-up', why: 'contested' };
  if (isWithinRate) return { kind: 'none', why: 'within_rate' };
  return canStepUp ? { kind: 'step-up', why: 'too_often' } : { kind: 'refuse', why: 'too_often' };
}

/**
 * For how long an account's owner may say by a mailed link that a session is not theirs: who reads a mailbox that somebody else has
 * taken an account from may be away for a while.
 */
export const NOT_ME_MS = 7 * 86_400_000;

/** What a link is kept with by which an account's owner says that a session is not theirs. */
export type DisownedSession = {
  readonly account: AccountId;
  readonly session: SessionId;
  /** When it was opened, by the store's clock: what was set up since may be its holder's. */
  readonly since: number;
};
