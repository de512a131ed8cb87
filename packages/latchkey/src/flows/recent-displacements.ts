import type { AccountId } from '../model/account.ts';
import { UNKNOWN_DEVICE } from '../model/device.ts';
import type { HistoryEntry } from '../stores/store.ts';
import { deviceLabels } from './manage-devices.ts';
import type { Parts } from './parts.ts';

export type Displacement = {
  /** Milliseconds since 1970, the store's clock. */
  readonly at: number;
  readonly old: DisplacedOrBy;
  readonly by: DisplacedOrBy;
};

/** A device: what it is, what its owner calls it and where it was signed in; null where nobody said. */
type DisplacedOrBy = { readonly name: string; readonly label: string | null; readonly place: string | null };

/** As much of an account's history is looked at. */
const LOOKED_AT = 100;

/** What took whose place lately, the newest first. A device that took its own place again displaced nobody. */
export async function recentDisplacements(parts: Parts, accountId: AccountId): Promise<readonly Displacement[]> {
  const [entries, labels] = await Promise.all([
    parts.store.history.page({ accountId, before: null, limit: LOOKED_AT }),
    deviceLabels(parts, accountId),
  ]);
  const openingOf = (sessionId: unknown): HistoryEntry | null =>
    entries.find((entry) => entry.kind === 'session_opened' && entry.sessionId === sessionId) ?? null;
  const moreOf = (opening: HistoryEntry | null): Pick<DisplacedOrBy, 'label' | 'place'> => ({
    label: labels.get(textIn(opening, 'device_id') ?? '') ?? null,
    place: textIn(opening, 'place'),
  });
  return entries.flatMap((ended) => {
    const isDisplaced = ended.kind === 'session_ended' && ended.data['reason'] === 'displaced';
    if (!isDisplaced || ended.data['replaced'] === 1) return [];
    const [old, by] = [openingOf(ended.sessionId), openingOf(ended.data['by_session'])];
    return [
      {
        at: ended.at,
        old: { name: textIn(old, 'device') ?? UNKNOWN_DEVICE.name, ...moreOf(old) },
        by: { name: textIn(ended, 'by') ?? UNKNOWN_DEVICE.name, ...moreOf(by) },
      },
    ];
  });
}

function textIn(entry: HistoryEntry | null, name: string): string | null {
  const value = entry?.data[name];
  return typeof value === 'string' ? value : null;
}
