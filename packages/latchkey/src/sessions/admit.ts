import { isGenuine, type Proof } from '../credentials/proof.ts';
import type { Keys } from '../crypto/keys.ts';
import { newSessionId, newSessionToken } from '../crypto/token.ts';
import type { AccountId, SessionId } from '../model/account.ts';
import type { Limit } from '../model/admission.ts';
import type { Verdict } from '../model/approval.ts';
import type { Binding } from '../model/binding.ts';
import type { DeviceSummary } from '../model/device.ts';
import type { Whereabouts } from '../model/place.ts';
import { Refusal } from '../model/reasons.ts';
import type { Session } from '../model/session.ts';
import type { Settings } from '../model/settings.ts';
import type { Admit, Arrival, OutboxItem, Store } from '../stores/store.ts';
import { deviceTokenFor, newDeviceId, readDeviceTokens } from './device-token.ts';
import type { Endings } from './endings.ts';

/** What the door needs to know. */
export type Door = {
  readonly store: Store;
  readonly settings: Settings;
  readonly keys: Keys;
  readonly endings: Endings;
  /** The fingerprint of this node's session settings. */
  readonly rule: string;
};

/** The client that asks to come in. */
export type Caller = {
  readonly device: DeviceSummary;
  /** The device tokens that it sent, or null. */
  readonly deviceTokens: string | null;
  /** The id of the client app that it is, or null. */
  readonly client: string | null;
  /** The key that it has shown, which the session is bound to, or null. */
  readonly binding: Binding | null;
  /** Where it is, as the host says. Never fails; asked for once however often it is called. */
  readonly place: () => Promise<Whereabouts>;
  /** A name for its network that says nothing but which of an account's sign-ins came from one; null where it is not known. */
  readonly network: (accountId: AccountId) => string | null;
};

export type Opened = {
  readonly session: Session;
  /** The credential of the session. Here, and never again. */
  readonly token: string;
  /** What lets the device take its own place again. */
  readonly deviceToken: string;
  readonly displaced: readonly Session[];
  /** Whether its owner may be told of the device by a mail that waits now. */
  readonly isArrival: boolean;
};

export type Outcome =
  | ({ readonly kind: 'opened' } & Opened)
  /** There is no place, and nobody went for this one. */
  | {
      readonly kind: 'full';
      /** Those that may be chosen to end, the longest in first. */
      readonly among: readonly Session[];
      /** So many of them at least have to end. */
      readonly least: number;
      /** The store's time. */
      readonly now: number;
    }
  /** Somebody would have gone for this one, which holds back. What the proof uses up is used up. */
  | { readonly kind: 'held' }
  /** Something voided the proof between its making and the door; the person is told what a wrong password is told. */
  | { readonly kind: 'void' };

/** Throws `rule_mismatch` where the door would: for what is not to be half done. */
export async function refuseOtherRule({ store, rule }: Pick<Door, 'store' | 'rule'>): Promise<void> {
  const inForce = await store.sessions.ruleInForce();
  if (inForce !== null && inForce !== rule) throw new Refusal('rule_mismatch');
}

/** A word of somebody who is in. */
export type GivenApproval = Omit<Extract<Verdict, { kind: 'approved' }>, 'kind'>;

/** What comes to the door with a proof. */
export type Admitting = {
  readonly caller: Caller;
  readonly limits: readonly Limit[];
  /** The sessions that were chosen to end. */
  readonly ends?: readonly SessionId[];
  /** By whom the newcomer was let in, and who is to end for it; null where nobody had to. */
  readonly approval?: GivenApproval | null;
  /** Mails that go where the session is opened. */
  readonly outbox?: readonly OutboxItem[];
  /** The mails that tell of a device which the account does not know, and that is at a place; null for none. */
  readonly arrivalAt?: (place: string | null) => Arrival | null;
  /** Whether what matters may be changed by it for a while: not where half of what signs its owner in was shown. */
  readonly isFresh?: boolean;
  /** Whether nobody is to go for it yet. */
  readonly holdsBack?: boolean;
  /** The device that goes before all others where one has to go, or null. */
  readonly goesFirst?: string | null;
};

/** The one door: a proof becomes a session, and whoever has no place any more is out. Called by `complete-sign-in` alone. */
export async function admit(
  door: Door,
  proof: Proof,
  {
    caller,
    limits,
    ends = [],
    approval = null,
    outbox = [],
    arrivalAt = () => null,
    isFresh = true,
    holdsBack = false,
    goesFirst = null,
  }: Admitting,
): Promise<Outcome> {
  if (!isGenuine(proof)) throw new TypeError('Nobody comes in without a proof that a credential made.');
  const { accountId } = proof.gate;
  const { name: place, coordinates } = await caller.place();
  const { token, hash } = newSessionToken(accountId);
  const carried = readDeviceTokens(door.keys, accountId, caller.deviceTokens);
  const deviceId = carried?.id ?? newDeviceId();
  // Whoever shows what was signed was told of when it was: whatever became of what is kept of the device.
  const arrival = carried === null ? arrivalAt(place) : null;
  const outcome = await door.store.sessions.admit({
    session: {
      id: newSessionId(),
      tokenHash: hash,
      device: { id: deviceId, ...caller.device },
      ...{ place, coordinates, network: caller.network(accountId), client: caller.client, binding: caller.binding },
      method: proof.method,
      lifetimeMs: door.settings.sessions.lifetimeMs,
      isFresh,
    },
    ...terms(door, proof),
    ...choiceIn(approval, { ends, whenFull: door.settings.sessions.whenFull }),
    outbox,
    arrival,
    limits,
    holdsBack,
    goesFirst,
  });
  if (outcome.kind === 'rule_mismatch') throw new Refusal('rule_mismatch');
  if (outcome.kind === 'full' || outcome.kind === 'held') return outcome;
  if (outcome.kind !== 'admitted') return { kind: 'void' };
  door.endings.nudge();
  const { session, displaced } = outcome;
  const known = { id: deviceId, revision: session.openedRevision };
  const deviceToken = deviceTokenFor(door.keys, accountId, known);
  return { kind: 'opened', session, token, deviceToken, displaced, isArrival: arrival !== null };
}

/** What came along from elsewhere, and was proved to be somebody's there. */
export type ImportedKey = {
  readonly proof: Proof;
  readonly tokenHash: Uint8Array;
  readonly isFresh: boolean;
  readonly device: DeviceSummary;
  /** Where it is over sooner than a session that is opened here. */
  readonly lifetimeMs?: number;
};

/**
 * Keys from elsewhere enter by the same door, with no limit: the account's next sign-in brings it to the limit in one step. null for
 * each that is not let in.
 */
export async function admitImported(door: Door, keys: readonly ImportedKey[]): Promise<readonly (Session | null)[]> {
  if (!keys.every(({ proof }) => isGenuine(proof)))
    throw new TypeError('Nobody comes in without a proof that a credential made.');
  const longest = door.settings.sessions.lifetimeMs;
  const outcomes = await door.store.sessions.admitAll(
    keys.map(({ proof, tokenHash, isFresh, device, lifetimeMs = longest }) => ({
      session: {
        id: newSessionId(),
        tokenHash,
        device: { id: null, ...device },
        ...{ place: null, coordinates: null, network: null, client: null, binding: null },
        method: proof.method,
        lifetimeMs: Math.min(lifetimeMs, longest),
        isFresh,
      },
      ...terms(door, proof),
      ...{ ends: [], approvedBy: null, whenFull: door.settings.sessions.whenFull },
      limits: [{ bucket: 'account', max: 'unlimited' }],
    })),
  );
  if (outcomes.some(({ kind }) => kind === 'rule_mismatch')) throw new Refusal('rule_mismatch');
  return outcomes.map((outcome) => (outcome.kind === 'admitted' ? outcome.session : null));
}

function terms(door: Door, proof: Proof) {
  const { idleMs } = door.settings.sessions;
  return { gate: proof.gate, spends: proof.spends, idleMs, rule: door.rule };
}

/** Who goes: where it was left to the rule, whom it displaces. */
function choiceIn(
  approval: GivenApproval | null,
  otherwise: Pick<Admit, 'ends' | 'whenFull'>,
): Pick<Admit, 'ends' | 'whenFull' | 'approvedBy'> {
  if (approval === null) return { ...otherwise, approvedBy: null };
  const { by: approvedBy, ends } = approval;
  return ends === null ? { ends: [], whenFull: 'displace', approvedBy } : { ...otherwise, ends, approvedBy };
}
