/** Rows of Latchkey's tables, of whatever SQL database, as records of what was kept. */
import type { KeptAccount, KeptEnding, KeptSession } from '../history.ts';
import { operationAt } from '../place.ts';

type Row = Readonly<Record<string, unknown>>;

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);

export function accountFrom(row: Row): KeptAccount {
  const { id, username_key, state, valid_from, kept } = row;
  const gate = { validFrom: Number(valid_from), kept: text(kept) };
  return { op: 'kept-account', account: Number(id), identifiers: [String(username_key)], state: String(state), gate };
}

/** `now` is by the clock that the rows were written by, in milliseconds. */
export function sessionFrom(row: Row, now: number): KeptSession {
  return {
    op: 'kept-session',
    account: Number(row['account_id']),
    session: String(row['id']),
    token: Buffer.from(row['token_hash'] as Uint8Array).toString('hex'),
    sequence: Number(row['sequence']),
    revision: Number(row['opened_revision']),
    device: text(row['device_id']),
    opener: operationAt(text(row['place'])),
    isLive: row['ended_at'] === null && Number(row['expires_at']) > now,
    reason: text(row['ended_reason']),
    endedBy: text(row['ended_by']),
  };
}

/** `data` is JSON as text, or as its driver has read it. */
export function endingFrom(row: Row): KeptEnding {
  const { id, account_id, session_id, data } = row;
  const { reason } = (typeof data === 'string' ? JSON.parse(data) : data) as { readonly reason?: string };
  return {
    op: 'kept-ending',
    position: Number(id),
    account: Number(account_id),
    session: String(session_id),
    reason: reason ?? '',
  };
}
