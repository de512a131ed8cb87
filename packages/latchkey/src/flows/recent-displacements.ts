import type { AccountId } from '../model/account.ts';
import { type DeviceSummary, UNKNOWN_DEVICE } from '../model/device.ts';
import type { HistoryEntry } from '../stores/store.ts';
import type { Parts } from './parts.ts';

export type Displacement = {
  /** Milliseconds since 1970, the store's clock. */
  readonly at: number;
  readonly old: Pick<DeviceSummary, 'name'>;
  readonly by: Pick<DeviceSummary, 'name'>;
};

/** As much of an account's history is looked at. */
const LOOKED_AT = 100;

/** What took whose place lately, the newest first. A device that took its own place again displaced nobody. */
export async function recentDisplacements(parts: Parts, accountId: AccountId): Promise<readonly Displacement[]> {
  const entries = await parts.store.history.page({ accountId, before: null, limit: LOOKED_AT });
  const nameOf = (sessionId: string | null): string | null => {
    const opened = entries.find((entry) => entry.kind === 'session_opened' && entry.sessionId === sessionId);
    return opened === undefined ? null : textIn(opened, 'device');
  };
  return entries.flatMap((entry) => {
    const isDisplaced = entry.kind === 'session_ended' && entry.data['reason'] === 'displaced';
    if (!isDisplaced || entry.data['replaced'] === 1) return [];
    const old = nameOf(entry.sessionId) ?? UNKNOWN_DEVICE.name;
    return [{ at: entry.at, old: { name: old }, by: { name: textIn(entry, 'by') ?? UNKNOWN_DEVICE.name } }];
  });
}

function textIn({ data }: HistoryEntry, name: string): string | null {
  const value = data[name];
  return typeof value === 'string' ? value : null;
}
