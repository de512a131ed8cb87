/** What scripts reply becomes records here, and nowhere else. */
import type { AccountState, Gate } from '../../model/account.ts';
import type { Binding } from '../../model/binding.ts';
import type { DeviceClass } from '../../model/device.ts';
import type { EndReason } from '../../model/reasons.ts';
import type { Ending, Session, SignInMethod } from '../../model/session.ts';
import { StoreUnavailable } from '../store.ts';

/** The fields of a session, in the order in which they are replied: two letters each, as they are kept with every session. */
export const FIELDS = {
  id: 'id',
  accountId: 'ac',
  sequence: 'sq',
  deviceId: 'di',
  deviceClass: 'dc',
  deviceName: 'dn',
  method: 'me',
  openedAt: 'oa',
  authenticatedAt: 'aa',
  seenAt: 'sa',
  expiresAt: 'ea',
  openedRevision: 're',
  roles: 'ro',
  endedAt: 'xa',
  endedReason: 'xr',
  endedBy: 'xs',
  endedByClass: 'xc',
  endedByName: 'xn',
  place: 'pl',
  client: 'cl',
  binding: 'bi',
} as const;

type Text = string | null;

const NO_ROLES: readonly string[] = [];

/** A session as it is replied: the values of `FIELDS`. */
export function sessionOf(reply: unknown): Session {
  const [
    id,
    accountId,
    sequence,
    deviceId,
    deviceClass,
    deviceName,
    method,
    openedAt,
    authenticatedAt,
    seenAt,
    expiresAt,
    openedRevision,
    roles,
    endedAt,
    endedReason,
    endedBy,
    endedByClass,
    endedByName,
    place,
    client,
    binding,
  ] = reply as readonly Text[];
  return {
    id: id ?? '',
    accountId: Number(accountId),
    sequence: Number(sequence),
    device: { id: deviceId ?? null, class: deviceClass as DeviceClass, name: deviceName ?? '' },
    place: place ?? null,
    client: client ?? null,
    binding: bindingOf(binding ?? null),
    method: method as SignInMethod,
    openedAt: Number(openedAt),
    authenticatedAt: Number(authenticatedAt),
    seenAt: Number(seenAt),
    expiresAt: Number(expiresAt),
    openedRevision: Number(openedRevision),
    roles: rolesOf(roles ?? '[]'),
    ending: endingOf(endedAt, endedReason, endedBy, endedByClass, endedByName),
  };
}

export function sessionsOf(replies: unknown): readonly Session[] {
  return (replies as readonly unknown[]).map(sessionOf);
}

function endingOf(at: Text = null, reason: Text = null, ...by: readonly (Text | undefined)[]): Ending | null {
  if (at === null) return null;
  const [bySession = null, byClass = null, byName = null] = by;
  return {
    reason: reason as EndReason,
    at: Number(at),
    by: byName === null ? null : { name: byName, class: byClass as DeviceClass },
    bySession,
  };
}

function rolesOf(text: string): readonly string[] {
  return text === '[]' ? NO_ROLES : (parsed(text) as readonly string[]);
}

function bindingOf(text: Text): Binding | null {
  return text === null ? null : (parsed(text) as Binding);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new StoreUnavailable('A session in Redis holds what cannot be read.', { cause: error });
  }
}

/** A gate as values of a script. */
export function gateValues(gate: Gate): readonly (string | number)[] {
  const state: AccountState = gate.state;
  return [state, JSON.stringify(gate.roles), gate.revision, gate.validFrom, gate.kept ?? '', gate.reason];
}
