import type { SessionId } from './account.ts';
import type { DeviceSummary } from './device.ts';

/** The public name of a request to come in. It opens nothing. */
export type ApprovalId = string;

/** What somebody who is in said to it. */
export type Verdict =
  | {
      readonly kind: 'approved';
      /** The session by which it was said. */
      readonly by: SessionId;
      /** Those that are to end; null for whom the rule would displace. */
      readonly ends: readonly SessionId[] | null;
    }
  | { readonly kind: 'declined' };

/** A sign-in of which all was shown, that found no place and asks those who are in. Times are milliseconds since 1970, by the store's clock. */
export type Approval = {
  readonly id: ApprovalId;
  readonly device: DeviceSummary;
  /** Where it asks from, as the host named it; null where nobody said. */
  readonly place: string | null;
  readonly askedAt: number;
  /** Until when it waits for an answer. */
  readonly waitsUntil: number;
  readonly verdict: Verdict | null;
  /** What its flow keeps of it. */
  readonly data: string;
};

export type ApprovalState = 'waiting' | 'approved' | 'declined' | 'expired';

/** What became of it by `now`. Nobody is let in who was answered too late. */
export function approvalState({ verdict, waitsUntil }: Approval, now: number): ApprovalState {
  if (verdict !== null) return verdict.kind;
  return now < waitsUntil ? 'waiting' : 'expired';
}
