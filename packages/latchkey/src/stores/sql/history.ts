import type { Selectable } from 'kysely';
import { type DeviceClass, type DeviceSummary, UNKNOWN_DEVICE } from '../../model/device.ts';
import type { EndReason } from '../../model/reasons.ts';
import type { Ending, Session } from '../../model/session.ts';
import type {
  Admit,
  HistoryEntry,
  HistoryKind,
  HistoryMark,
  HistoryStore,
  SessionChange,
  SessionStore,
} from '../store.ts';
import type { Schema } from './schema.ts';
import { type Builder, type Dialect, define, each, type Run, row, rows, type Sentence } from './statement.ts';

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

/** In SQLite the sum keeps the planner from reading by id, which would have to be sorted; the index has the id as well. */
const selectByAccount = define<{ account_id: number; id: number; first: number; limit: number }>(
  'history.selectByAccount',
)((db, arg, dialect) =>
  db
    .selectFrom('history')
    .select(['id', 'at', 'kind', 'account_id', 'session_id', 'data'])
    .where((eb) => eb(eb.refTuple('account_id', 'id'), '>', eb.tuple(arg.account_id, arg.id)))
    .where((eb) => eb(dialect === 'sqlite' ? eb('id', '+', eb.lit(0)) : eb.ref('id'), '>=', arg.first))
    .orderBy('account_id')
    .orderBy('id')
    .limit(arg.limit),
);

const selectNext = define<{ id: number }>('history.selectNext')((db, arg) =>
  db.selectFrom('history').select(['id', 'at']).where('id', '>=', arg.id).orderBy('id').limit(1),
);

const selectNewest = define<Record<never, never>>('history.selectNewest')((db) =>
  db.selectFrom('history').select('id').orderBy('id', 'desc').limit(1),
);

const selectHighest = define<Record<never, never>>('history.selectHighest')((db) =>
  db.selectFrom('history').select('account_id').orderBy('account_id', 'desc').limit(1),
);

const CHANGES = ['session_opened', 'session_ended', 'approval_asked', 'approval_given', 'approval_declined'];

/** In SQLite the ids of its one writer are the positions; in PostgreSQL these are given later (`postgres/positions.ts`). */
function changesAfter(db: Builder, arg: { readonly after: number; readonly limit: number }, dialect: Dialect) {
  const [position, entries] =
    dialect === 'sqlite'
      ? (['id', db.selectFrom('history').where('kind', 'in', CHANGES)] as const)
      : (['position', db.selectFrom('history')] as const);
  return entries
    .select((eb) => [
      eb.ref(position).$castTo<number>().as('position'),
      'at',
      'kind',
      'account_id',
      'session_id',
      'data',
    ])
    .where(position, '>', arg.after)
    .orderBy(position)
    .limit(arg.limit);
}

const selectChanges = define<{ after: number; limit: number }>('history.selectChanges')(changesAfter);

const selectChangesOf = define<{ account_id: number; after: number; limit: number }>('history.selectChangesOf')(
  (db, arg, dialect) => changesAfter(db, arg, dialect).where('account_id', '=', arg.account_id),
);

const selectLast = define<Record<never, never>>(
  'history.selectLast',
  'sqlite',
)((db) => db.selectFrom('history').select((eb) => eb.fn.max('id').as('last')));

/** The last entry stays: its id is the position that all who follow begin from. Few are looked at, the oldest. */
const removeOld = define<{ before: number; limit: number }>('history.removeOld')((db, arg) =>
  db
    .deleteFrom('history')
    .where('id', 'in', (eb) =>
      eb
        .selectFrom(eb.selectFrom('history').select(['id', 'at']).orderBy('id').limit(arg.limit).as('oldest'))
        .select('oldest.id')
        .where('oldest.at', '<=', arg.before),
    )
    .where('id', '<', (eb) => eb.selectFrom('history').select((last) => last.fn.max<number>('id').as('last')))
    .returning('id'),
);

const selectFirstOpened = define<{ account_id: number }>('history.selectFirstOpened')((db, arg) =>
  db
    .selectFrom('history')
    .select('session_id')
    .where('account_id', '=', arg.account_id)
    .where('kind', '=', 'session_opened')
    .orderBy('id')
    .limit((eb) => eb.lit(1)),
);

const OF_DEVICES = ['device', 'class', 'device_id', 'place', 'lat', 'lon', 'network', 'by', 'by_class'];

/** What cannot be read stays as it is; PostgreSQL keeps nothing that it could not read. */
const removeDevices = define<{ account_id: number }>('history.removeDevices')((db, arg, dialect) => {
  const entries = db.updateTable('history').where('account_id', '=', arg.account_id);
  return dialect === 'sqlite'
    ? entries
        .set((eb) => ({ data: eb.fn('json_remove', ['data', ...OF_DEVICES.map((field) => eb.val(`$.${field}`))]) }))
        .where((eb) => eb(eb.fn<number>('json_valid', ['data']), '=', eb.lit(1)))
    : entries.set((eb) => ({
        data: eb.fn.coalesce(
          eb
            .selectFrom(eb.fn<{ key: string; value: string }>('json_each', ['data']).as('field'))
            .where('field.key', 'not in', OF_DEVICES)
            .select((of) => of.fn<string>('json_object_agg', ['field.key', 'field.value']).as('data')),
          eb.val('{}'),
        ),
      }));
});

type Note = {
  readonly kind: HistoryKind;
  readonly accountId: number;
  readonly sessionId?: string;
  readonly data?: HistoryEntry['data'];
};

/** Writes down what happens, in the transaction in which it does. */
export function* note(run: Run, noted: Note): Sentence<void> {
  yield* noteAll(run, [noted]);
}

export function* noteAll(run: Run, notes: readonly Note[]): Sentence<void> {
  const list = notes.map(({ kind, accountId, sessionId, data }) => ({
    at: run.now,
    kind,
    account_id: accountId,
    session_id: sessionId ?? null,
    data: JSON.stringify(data ?? {}),
  }));
  yield* each(run, insert, list);
}

/** What happened to a session, as somebody else wrote it down. `data` is JSON text. */
export type ReadEntry = {
  readonly at: number;
  readonly kind: 'session_opened' | 'session_ended';
  readonly accountId: number;
  readonly sessionId: string;
  readonly data: string;
};

export function* writeDown(run: Run, entries: readonly ReadEntry[]): Sentence<void> {
  const list = entries.map(({ at, kind, accountId: account_id, sessionId: session_id, data }) => ({
    ...{ at, kind, account_id, session_id, data },
  }));
  yield* each(run, insert, list);
}

/** `told` is what history is told of, and the session does not keep. */
export function* noteOpened(
  run: Run,
  session: Session,
  told: Pick<Admit['session'], 'network' | 'coordinates'>,
): Sentence<void> {
  const { method, device, sequence, place, client } = session;
  const { network, coordinates } = told;
  const data = {
    ...{ method, sequence, device: device.name, class: device.class, place },
    ...{ device_id: device.id, client, network },
    ...{ lat: coordinates?.latitude ?? null, lon: coordinates?.longitude ?? null },
  };
  yield* note(run, { kind: 'session_opened', accountId: session.accountId, sessionId: session.id, data });
}

/** What history says of an end. */
export function endingData(ending: Pick<Ending, 'reason' | 'by' | 'bySession'> | null): HistoryEntry['data'] {
  return {
    reason: ending?.reason ?? null,
    by: ending?.by?.name ?? null,
    by_class: ending?.by?.class ?? null,
    by_session: ending?.bySession ?? null,
  };
}

/** `isReplaced`: by a later session of the same device, which is no displacement. */
export function* noteEnded(run: Run, sessions: readonly Session[], isReplaced: boolean): Sentence<void> {
  const notes = sessions.map(({ id, accountId, ending }): Note => {
    const data = { ...endingData(ending), ...(isReplaced && { replaced: 1 }) };
    return { kind: 'session_ended', accountId, sessionId: id, data };
  });
  yield* noteAll(run, notes);
}

/** The first session of an account that was ever opened, as far back as history goes. */
export function* firstOpened(run: Run, accountId: number): Sentence<string | null> {
  return (yield* row(run, selectFirstOpened, { account_id: accountId }))?.session_id ?? null;
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
  return found.map(entryOf);
}

type Line = Pick<Selectable<Schema['history']>, 'id' | 'at' | 'kind' | 'account_id' | 'session_id' | 'data'>;

function entryOf(line: Line): HistoryEntry {
  return {
    id: line.id,
    at: line.at,
    kind: line.kind as HistoryKind,
    accountId: line.account_id,
    sessionId: line.session_id,
    data: JSON.parse(line.data) as HistoryEntry['data'],
  };
}

/** What cannot be read happened all the same: it must not hide everybody who comes after it. */
function readableOf(line: Line): HistoryEntry {
  try {
    return entryOf(line);
  } catch {
    return entryOf({ ...line, data: '{}' });
  }
}

export function* byAccount(
  run: Run,
  { since, after, limit }: Parameters<HistoryStore['byAccount']>[0],
): Sentence<Awaited<ReturnType<HistoryStore['byAccount']>>> {
  const from = after ?? (yield* beginning(run, since));
  const { accountId, id, first } = from;
  const lines = yield* rows(run, selectByAccount, { account_id: accountId, id, first, limit });
  const last = lines.at(-1);
  const isMore = last !== undefined && lines.length === limit;
  return {
    entries: lines.filter(({ at }) => at >= since).map(readableOf),
    next: isMore ? { ...from, accountId: last.account_id, id: last.id } : null,
  };
}

/** Ids follow time but for clocks that differ and streams that are copied later: this much of it is looked at to be sure. */
const OUT_OF_ORDER_MS = 24 * 3_600_000;

function* beginning(run: Run, since: number): Sentence<HistoryMark> {
  let low = 0;
  let high = (yield* row(run, selectNewest, {}))?.id ?? 0;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const next = yield* row(run, selectNext, { id: middle });
    if (next === null || next.at >= since - OUT_OF_ORDER_MS) high = middle;
    else low = next.id + 1;
  }
  const highest = (yield* row(run, selectHighest, {}))?.account_id ?? 0;
  return { accountId: 0, id: 0, first: low, highest };
}

/** Takes what is known of devices out of an account's history. That its sessions began and ended is still told to who has not heard it. */
export function* forgetDevices(run: Run, accountId: number): Sentence<void> {
  yield* rows(run, removeDevices, { account_id: accountId });
}

export function* purge(run: Run, { keepMs, limit }: Parameters<HistoryStore['purge']>[0]): Sentence<number> {
  return (yield* rows(run, removeOld, { before: run.now - keepMs, limit })).length;
}

export function* changes(run: Run, since: Parameters<SessionStore['changes']>[0]): Sentence<readonly SessionChange[]> {
  return (yield* rows(run, selectChanges, since)).map(changeOf);
}

export function* changesOf(
  run: Run,
  { accountId, after, limit }: Parameters<SessionStore['changesOf']>[0],
): Sentence<readonly SessionChange[]> {
  return (yield* rows(run, selectChangesOf, { account_id: accountId, after, limit })).map(changeOf);
}

export function* position(run: Run): Sentence<number> {
  return (yield* row(run, selectLast, {}))?.last ?? 0;
}

type Change = Pick<Selectable<Schema['history']>, 'at' | 'kind' | 'account_id' | 'session_id' | 'data'> & {
  readonly position: number;
};

function changeOf(entry: Change): SessionChange {
  const whose = { sessionId: entry.session_id ?? '', accountId: entry.account_id, at: entry.at };
  if (entry.kind === 'session_opened') {
    return { position: entry.position, kind: 'opened', opening: { ...whose, device: openingIn(entry.data) } };
  }
  if (entry.kind !== 'session_ended') return approvalChange(entry);
  const { reason, by = null, by_class } = endingIn(entry.data);
  const summary = by === null ? null : { name: by, class: by_class };
  return { position: entry.position, kind: 'ended', ending: { ...whose, reason, by: summary } };
}

function approvalChange(entry: Change): SessionChange {
  const { position, at } = entry;
  const whose = { approvalId: entry.session_id ?? '', accountId: entry.account_id, at };
  if (entry.kind !== 'approval_asked') {
    return { position, kind: 'approval_answered', answer: { ...whose, isApproved: entry.kind === 'approval_given' } };
  }
  return {
    position,
    kind: 'approval_asked',
    asking: { ...whose, device: openingIn(entry.data), place: placeIn(entry.data) },
  };
}

/** What cannot be read happened all the same: it must not keep all after it from being told. */
function openingIn(data: string): DeviceSummary {
  try {
    const { device, class: deviceClass } = JSON.parse(data) as { device?: string; class: DeviceClass };
    return device === undefined ? UNKNOWN_DEVICE : { name: device, class: deviceClass };
  } catch {
    return UNKNOWN_DEVICE;
  }
}

function placeIn(data: string): string | null {
  try {
    return (JSON.parse(data) as { place?: string | null }).place ?? null;
  } catch {
    return null;
  }
}

type EndingData = { readonly reason: EndReason; readonly by?: string | null; readonly by_class: DeviceClass };

function endingIn(data: string): EndingData {
  try {
    return JSON.parse(data) as EndingData;
  } catch {
    return { reason: 'revoked', by: null, by_class: 'unknown' };
  }
}
