import type { AccountId, SessionId } from '../../model/account.ts';
import type { Arrival, HistoryEntry } from '../store.ts';
import { arrivalIn } from './arrivals.ts';
import type { Voice } from './sessions.ts';

/** An entry of history as a script wrote it down: what SQL keeps of it, and its position in the bucket's stream. */
export type StreamEntry = Omit<HistoryEntry, 'id' | 'data'> & {
  readonly kind: 'session_opened' | 'session_ended';
  readonly sessionId: SessionId;
  /** JSON text. */
  readonly data: string;
  /** Grows from entry to entry: milliseconds of the server's clock and a number, `1767268800000-0`. */
  readonly position: string;
  /** Of an opened session on a device that is new: the mails that tell of it. */
  readonly arrival: Arrival | null;
};

/** What happened to sessions, bucket by bucket, until somebody has written it down elsewhere and removes it. */
export type HistoryStreams = {
  /** The first entries, in their order, at most `limit`. */
  read(page: { readonly bucket: number; readonly limit: number }): Promise<readonly StreamEntry[]>;
  /** Removes exactly these: a server whose clock is behind puts others before them. */
  remove(entries: { readonly bucket: number; readonly positions: readonly string[] }): Promise<void>;
};

type Reply = readonly (readonly [position: string, fields: readonly string[]])[];

export function historyStreams({ servers, names }: Pick<Voice, 'servers' | 'names'>): HistoryStreams {
  return {
    async read({ bucket, limit }) {
      const reply = await servers.send(bucket, 'XRANGE', names.history(bucket), '-', '+', 'COUNT', limit);
      return (reply as Reply).map(entryOf);
    },
    async remove({ bucket, positions }) {
      await servers.send(bucket, 'XDEL', names.history(bucket), ...positions);
    },
  };
}

function entryOf([position, values]: Reply[number]): StreamEntry {
  const fields = new Map(
    values.map((value, at) => [value, values[at + 1] ?? ''] as const).filter((_, at) => at % 2 === 0),
  );
  const field = (name: string): string => fields.get(name) ?? '';
  return {
    position,
    at: Number(field('at')),
    kind: field('kind') as StreamEntry['kind'],
    accountId: Number(field('account')) as AccountId,
    sessionId: field('session'),
    data: field('data'),
    arrival: arrivalIn(field('arrival')),
  };
}
