import type { DeviceClass } from '../../model/device.ts';
import type { EndReason } from '../../model/reasons.ts';
import type { Session } from '../../model/session.ts';
import type { EndingNotice, HistoryEntry, HistoryKind, HistoryStore } from '../store.ts';
import { define, type Run, row, rows, type Sentence } from './statement.ts';

const insert = define<{ at: number; kind: string; account_id: number; session_id: string | null; data: string }>(
  'history.insert',
)((db, arg) =>
  db.insertInto('history').values({
    at: arg.at,
    kind: arg.kind,
    account_id: arg.account_id,
    session_id: arg.session_id,
    data: arg.data,
  }),
);

const selectPage = define<{ account_id: number; before: number; limit: number }>('history.selectPage')((db, arg) =>
  db
    .selectFrom('history')
    .selectAll()
    .where('account_id', '=', arg.account_id)
    .where('id', '<', arg.before)
    .orderBy('id', 'desc')
    .limit(arg.limit),
);

const selectEndings = define<{ cursor: number; limit: number }>('history.selectEndings')((db, arg) =>
  db
    .selectFrom('history')
    .selectAll()
    .where('kind', '=', 'session_ended')
    .where('id', '>', arg.cursor)
    .orderBy('id')
    .limit(arg.limit),
);

const selectLastEnding = define<Record<never, never>>('history.selectLastEnding')((db) =>
  db
    .selectFrom('history')
    .select((eb) => eb.fn.max('id').as('last'))
    .where('kind', '=', 'session_ended'),
);

type Note = {
  readonly kind: HistoryKind;
  readonly accountId: number;
  readonly sessionId?: string;
  readonly data?: HistoryEntry['data'];
};

/** Writes down what happens, in the transaction in which it does. */
export function* note(run: Run, { kind, accountId, sessionId, data }: Note): Sentence<void> {
  yield* rows(run, insert, {
    at: run.now,
    kind,
    account_id: accountId,
    session_id: sessionId ?? null,
    data: JSON.stringify(data ?? {}),
  });
}

export function* noteOpened(run: Run, session: Session): Sentence<void> {
  const { method, device, sequence } = session;
  const data = { method, sequence, device: device.name, class: device.class };
  yield* note(run, { kind: 'session_opened', accountId: session.accountId, sessionId: session.id, data });
}

export function* noteEnded(run: Run, session: Session): Sentence<void> {
  const { ending } = session;
  const data = {
    reason: ending?.reason ?? null,
    by: ending?.by?.name ?? null,
    by_class: ending?.by?.class ?? null,
    by_session: ending?.bySession ?? null,
  };
  yield* note(run, { kind: 'session_ended', accountId: session.accountId, sessionId: session.id, data });
}

export function* page(
  run: Run,
  { accountId, before, limit }: Parameters<HistoryStore['page']>[0],
): Sentence<readonly HistoryEntry[]> {
  const found = yield* rows(run, selectPage, {
    account_id: accountId,
    before: before ?? Number.MAX_SAFE_INTEGER,
    limit,
  });
  return found.map((entry) => ({
    id: entry.id,
    at: entry.at,
    kind: entry.kind as HistoryKind,
    accountId: entry.account_id,
    sessionId: entry.session_id,
    data: JSON.parse(entry.data) as HistoryEntry['data'],
  }));
}

export function* endings(
  run: Run,
  after: { readonly cursor: number; readonly limit: number },
): Sentence<{ readonly cursor: number; readonly endings: readonly EndingNotice[] }> {
  const found = yield* rows(run, selectEndings, after);
  const notices = found.map((entry): EndingNotice => {
    const data = endingIn(entry.data);
    return {
      sessionId: entry.session_id ?? '',
      accountId: entry.account_id,
      reason: data.reason,
      at: entry.at,
      by: data.by === null ? null : { name: data.by, class: data.by_class },
    };
  });
  return { cursor: found.at(-1)?.id ?? after.cursor, endings: notices };
}

type EndingData = { readonly reason: EndReason; readonly by: string | null; readonly by_class: DeviceClass };

/** One that cannot be read still ended: it must not keep all after it from being told. */
function endingIn(data: string): EndingData {
  try {
    return JSON.parse(data) as EndingData;
  } catch {
    return { reason: 'revoked', by: null, by_class: 'unknown' };
  }
}

export function* endingsCursor(run: Run): Sentence<number> {
  const found = yield* row(run, selectLastEnding, {});
  return found?.last ?? 0;
}
