/** Which accounts are passed around, as far as their history says so, and what another limit would have done: for an operator. */
import type { DeviceClass } from '../model/device.ts';
import type { EndReason } from '../model/reasons.ts';
import type { SessionEvent } from '../model/sign-in-trail.ts';
import type { HistoryEntry } from '../stores/store.ts';

/** A line of history as the rules see it; null where it has no session. */
export function sessionEventOf({ accountId, at, kind, sessionId, data }: HistoryEntry): SessionEvent | null {
  if (sessionId === null) return null;
  const whose = { accountId, at, sessionId };
  if (kind === 'session_ended') {
    const { reason, replaced, by_session: bySession } = data;
    return {
      ...{ ...whose, kind: 'ended', isReplaced: replaced === 1 },
      reason: textIn(reason) as EndReason | null,
      bySession: textIn(bySession),
    };
  }
  const { lat: latitude, lon: longitude, device, class: deviceClass, network, device_id: deviceId } = data;
  const isPlaced = typeof latitude === 'number' && typeof longitude === 'number';
  return {
    ...{ ...whose, kind: 'opened', deviceId: textIn(deviceId), network: textIn(network) },
    device: { name: textIn(device) ?? '', class: (textIn(deviceClass) ?? 'unknown') as DeviceClass },
    coordinates: isPlaced ? { latitude, longitude } : null,
  };
}

function textIn(value: string | number | null | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
