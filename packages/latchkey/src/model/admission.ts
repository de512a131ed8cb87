/**
 * The rule of the door, and the reference for every store: given the account's gate, its live sessions and the new one, who
 * comes in and who goes. Pure; the stores run it inside their transaction, or are compared with it by a property test.
 */
import type { Gate, SessionId } from './account.ts';

/** At most `max` live sessions in the bucket. `account` holds all sessions of the account. */
export type Limit = { readonly bucket: 'account'; readonly max: number | 'unlimited' };

/** What happens when a bucket is full: `displace` ends the session with the lowest sequence. */
export type WhenFull = 'displace';

/** A live session, as far as the rule looks at it. */
export type Place = { readonly id: SessionId; readonly sequence: number; readonly deviceId: string | null };

export type Admission = {
  /** The revision at which the newcomer's proof was made. */
  readonly proofRevision: number;
  readonly deviceId: string | null;
  readonly limits: readonly Limit[];
  readonly whenFull: WhenFull;
};

export type Verdict =
  | { readonly kind: 'admit'; readonly replaced: readonly Place[]; readonly displaced: readonly Place[] }
  | { readonly kind: 'void'; readonly why: 'account_disabled' | 'proof_void' };

const bySequence = (a: Place, b: Place): number => a.sequence - b.sequence;

/**
 * Decides in this order: the account is active and the proof not older than what voided proofs; the same device's session is
 * replaced and takes no second place; of the rest, each limit's surplus goes, lowest sequence first.
 *
 * `live` holds the sessions that are neither ended, nor expired, nor idle. A proof made at or after `validFrom` is good.
 */
export function decideAdmission(gate: Gate, live: readonly Place[], admission: Admission): Verdict {
  if (gate.state !== 'active') return { kind: 'void', why: 'account_disabled' };
  if (admission.proofRevision < gate.validFrom) return { kind: 'void', why: 'proof_void' };
  const isSameDevice = (place: Place): boolean => admission.deviceId !== null && place.deviceId === admission.deviceId;
  const replaced = live.filter(isSameDevice);
  const others = live.filter((place) => !isSameDevice(place)).sort(bySequence);
  const surplus = admission.limits.map(({ max }) => (max === 'unlimited' ? 0 : others.length + 1 - max));
  return { kind: 'admit', replaced, displaced: others.slice(0, Math.max(0, ...surplus)) };
}
