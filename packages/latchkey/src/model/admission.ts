/**
 * The rule of the door, and the reference for every store: given the account's gate, its live sessions and the new one, who
 * comes in and who goes. Pure; the stores run it inside their transaction, or are compared with it by a property test.
 */
import type { Gate, SessionId } from './account.ts';
import type { DeviceClass } from './device.ts';
import type { Session } from './session.ts';

/** Which sessions a limit counts: all of the account, those on one class of device, or those of one client app. */
export type Bucket = 'account' | `class:${DeviceClass}` | `client:${string}`;

/** At most `max` live sessions in the bucket. */
export type Limit = { readonly bucket: Bucket; readonly max: number | 'unlimited' };

/**
 * What happens where a bucket is full: `displace` ends the session with the lowest sequence, `displace-least-recent` the one that
 * was seen longest ago, in whole minutes; `refuse` lets nobody in; `ask` lets the newcomer choose who goes, `approve` one who is in.
 */
export type WhenFull = 'displace' | 'displace-least-recent' | 'refuse' | 'ask' | 'approve';

/** What a limit looks at. */
export type Newcomer = {
  readonly deviceId: string | null;
  readonly class: DeviceClass;
  /** The id of the client app, or null. */
  readonly client: string | null;
};

/** A live session, as far as the rule looks at it. `seenAt` in milliseconds since 1970, by the store's clock. */
export type Place = Newcomer & { readonly id: SessionId; readonly sequence: number; readonly seenAt: number };

export type Admission = {
  /** The revision at which the newcomer's proof was made. */
  readonly proofRevision: number;
  readonly newcomer: Newcomer;
  readonly limits: readonly Limit[];
  readonly whenFull: WhenFull;
  /** The sessions that were chosen to end, by the newcomer or by whoever let it in. What may not be chosen stays. */
  readonly ends: readonly SessionId[];
  /** The session that let the newcomer in, where one has. */
  readonly approvedBy?: SessionId | null;
  /** Whether nobody is to go for the newcomer yet. */
  readonly holdsBack?: boolean;
  /** The device that goes before all others where one has to go for the newcomer, or null. */
  readonly goesFirst?: string | null;
};

export type Verdict =
  | { readonly kind: 'admit'; readonly replaced: readonly Place[]; readonly displaced: readonly Place[] }
  /** No place, and nobody goes. One at least of `among` has to end first, and so many as `least` in all. */
  | { readonly kind: 'full'; readonly among: readonly Place[]; readonly least: number }
  /** Somebody would have to go for the newcomer, who holds back. */
  | { readonly kind: 'held' }
  | { readonly kind: 'void'; readonly why: VoidReason };

/** Why nobody comes in: the account is not active, something voided the proof, or whoever let them in is not in any more. */
export type VoidReason = 'account_disabled' | 'proof_void' | 'approval_void';

/** A session as the rule looks at it. */
export function asPlace({ id, sequence, seenAt, device, client }: Session): Place {
  return { id, sequence, seenAt, deviceId: device.id, class: device.class, client };
}

/**
 * Decides in this order: the account is active, the proof not older than what voided proofs, and whoever let the newcomer in is in;
 * the same device's session is replaced, and its place is the newcomer's; of each limit so many go as are too many (`tooMany`); and
 * where nobody goes for a newcomer (`refuse`, `ask`, `approve`), those go that are too many without it, and it takes the place of whom
 * was chosen (`placeAmong`). A newcomer that holds back comes in where nobody has to go for it.
 *
 * `live` holds the sessions that are neither ended, nor expired, nor idle. A proof made at or after `validFrom` is good.
 */
export function decideAdmission(gate: Gate, live: readonly Place[], admission: Admission): Verdict {
  if (gate.state !== 'active') return { kind: 'void', why: 'account_disabled' };
  if (admission.proofRevision < gate.validFrom) return { kind: 'void', why: 'proof_void' };
  const { newcomer, whenFull, ends, approvedBy = null, holdsBack = false, goesFirst = null } = admission;
  if (approvedBy !== null && !live.some(({ id }) => id === approvedBy)) return { kind: 'void', why: 'approval_void' };
  const isSameDevice = (place: Place): boolean => newcomer.deviceId !== null && place.deviceId === newcomer.deviceId;
  const replaced = live.filter(isSameDevice);
  const rank = before(goesFirst, ranks[whenFull]);
  const others = live.filter((place) => !isSameDevice(place)).sort(rank);
  const limits = admission.limits.toSorted((a, b) => width(a) - width(b));
  const belongs = ({ bucket }: Limit): boolean => isIn(bucket, newcomer);
  if (displaces(whenFull)) {
    const displaced = inOrder(tooMany(limits, others, belongs));
    return holdsBack && displaced.length > 0 ? { kind: 'held' } : { kind: 'admit', replaced, displaced };
  }

  const hasPlace = ({ bucket }: Limit): boolean => replaced.some((place) => isIn(bucket, place));
  const gone = tooMany(limits, others, (limit) => belongs(limit) && hasPlace(limit));
  const left = others.filter((place) => !gone.has(place));
  const open = limits.filter((limit) => belongs(limit) && !hasPlace(limit));
  const taken = placeAmong(open, left, ends);
  if (taken.least === 0) return { kind: 'admit', replaced, displaced: inOrder([...gone, ...taken.goes]) };
  // What was chosen was not enough: all may be chosen anew.
  const anew = placeAmong(open, left, []);
  return { kind: 'full', among: inOrder(new Set([...taken.among, ...anew.among])), least: anew.least };
}

/**
 * Goes through the limits, the narrowest first: client apps, classes, the account. Each has as many too many as are left of its
 * bucket, and the newcomer where it counts, less its `max`. So many go, the first in rank first, in buckets that the newcomer does
 * not belong to as well: whoever went for a narrower limit is gone for a wider one.
 */
function tooMany(
  limits: readonly Limit[],
  others: readonly Place[],
  counts: (limit: Limit) => boolean,
): ReadonlySet<Place> {
  const gone = new Set<Place>();
  for (const limit of limits) {
    if (limit.max === 'unlimited') continue;
    const members = others.filter((place) => !gone.has(place) && isIn(limit.bucket, place));
    const surplus = members.length + (counts(limit) ? 1 : 0) - limit.max;
    for (const place of members.slice(0, Math.max(0, surplus))) gone.add(place);
  }
  return gone;
}

/**
 * Where the newcomer's place may come from, the narrowest limit first: of each that has no room for it those go that it chose, and
 * one at least has to. Where it chose none, all of them are eligible, and wider limits are looked at as if the first of them went.
 */
function placeAmong(
  limits: readonly Limit[],
  others: readonly Place[],
  ends: readonly SessionId[],
): { readonly goes: ReadonlySet<Place>; readonly among: ReadonlySet<Place>; readonly least: number } {
  const goes = new Set<Place>();
  const among = new Set<Place>();
  let least = 0;
  for (const { bucket, max } of limits) {
    const members = others.filter((place) => !goes.has(place) && isIn(bucket, place));
    if (max === 'unlimited' || members.length < max) continue;
    const chosen = members.filter(({ id }) => ends.includes(id));
    if (chosen.length === 0) {
      least++;
      for (const place of members) among.add(place);
    }
    for (const place of chosen.length === 0 ? members.slice(0, 1) : chosen) goes.add(place);
  }
  return { goes, among, least };
}

function isIn(bucket: Bucket, { class: deviceClass, client }: Newcomer): boolean {
  return (
    bucket === 'account' || bucket === `class:${deviceClass}` || (client !== null && bucket === `client:${client}`)
  );
}

function width({ bucket }: Limit): number {
  if (bucket === 'account') return 2;
  return bucket.startsWith('class:') ? 1 : 0;
}

function displaces(whenFull: WhenFull): boolean {
  return whenFull === 'displace' || whenFull === 'displace-least-recent';
}

const MINUTE_MS = 60_000;

const inOrder = (places: Iterable<Place>): readonly Place[] => [...places].sort(bySequence);
const bySequence = (a: Place, b: Place): number => a.sequence - b.sequence;
const bySeen = (a: Place, b: Place): number =>
  Math.floor(a.seenAt / MINUTE_MS) - Math.floor(b.seenAt / MINUTE_MS) || bySequence(a, b);

/** One device goes before all others, which go as they would without it. */
function before(deviceId: string | null, rank: (a: Place, b: Place) => number): (a: Place, b: Place) => number {
  if (deviceId === null) return rank;
  const later = (place: Place): number => Number(place.deviceId !== deviceId);
  return (a, b) => later(a) - later(b) || rank(a, b);
}

/** Who goes first. */
const ranks: Readonly<Record<WhenFull, (a: Place, b: Place) => number>> = {
  displace: bySequence,
  'displace-least-recent': bySeen,
  refuse: bySequence,
  ask: bySequence,
  approve: bySequence,
};
