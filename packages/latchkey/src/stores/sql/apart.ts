/** The sentences of a database whose accounts' sessions are kept elsewhere: what has to reach them, and what comes back. */
import type { Gate } from '../../model/account.ts';
import type { DeviceClass } from '../../model/device.ts';
import type { Arrival } from '../store.ts';
import { noteSeen, type Seen } from './devices.ts';
import { type ReadEntry, writeDown } from './history.ts';
import { gateHeld } from './sessions.ts';
import { set as setSetting } from './settings.ts';
import { define, each, free, type Run, row, rows, type Sentence } from './statement.ts';

const upsert = define<{ account_id: number; revision: number; due_at: number }>('apart.upsert')((db, arg) =>
  db
    .insertInto('handover')
    .values({ account_id: arg.account_id, revision: arg.revision, due_at: arg.due_at })
    .onConflict((conflict) =>
      conflict.column('account_id').doUpdateSet({ revision: arg.revision, due_at: arg.due_at }),
    ),
);

const upsertAll = define<{ from: number; to: number; due_at: number }>('apart.upsertAll')((db, arg) =>
  db
    .insertInto('handover')
    .columns(['account_id', 'revision', 'due_at'])
    .expression((eb) =>
      eb
        .selectFrom('account')
        .select((of) => ['id as account_id', 'revision', of.cast<number>(of.val(arg.due_at), 'bigint').as('due_at')])
        .where('id', '>=', arg.from)
        .where('id', '<=', arg.to),
    )
    .onConflict((conflict) =>
      conflict
        .column('account_id')
        .doUpdateSet((eb) => ({ revision: eb.ref('excluded.revision'), due_at: eb.ref('excluded.due_at') })),
    ),
);

const claimDue = define<{ now: number; until: number; limit: number }>('apart.claimDue')((db, arg, dialect) =>
  db
    .updateTable('handover')
    .set({ due_at: arg.until })
    .where('account_id', 'in', (eb) =>
      free(eb.selectFrom('handover').select('account_id').where('due_at', '<=', arg.now).limit(arg.limit), dialect),
    )
    .returning('account_id'),
);

const remove = define<{ account_id: number; revision: number }>('apart.remove')((db, arg) =>
  db.deleteFrom('handover').where('account_id', '=', arg.account_id).where('revision', '=', arg.revision),
);

const takeCursor = define<{ name: string }>('apart.takeCursor')((db, arg, dialect) => {
  const cursor = db.selectFrom('setting').select('value').where('name', '=', arg.name);
  return dialect === 'postgres' ? cursor.forUpdate() : cursor;
});

const insertCursor = define<{ name: string }>('apart.insertCursor')((db, arg) =>
  db
    .insertInto('setting')
    .values({ name: arg.name, value: '' })
    .onConflict((conflict) => conflict.column('name').doNothing()),
);

/** A session is opened once and ended once. */
const selectWritten = define<{ account_id: number; session_id: string; kind: string }>('apart.selectWritten')(
  (db, arg) =>
    db
      .selectFrom('history')
      .select('id')
      .where('account_id', '=', arg.account_id)
      .where('session_id', '=', arg.session_id)
      .where('kind', '=', arg.kind)
      .limit((eb) => eb.lit(1)),
);

/** How long whoever made a change has to hand it over before somebody else does. */
const GRACE_MS = 5_000;

/** In the transaction that moves a gate: it is to be handed over, whoever does it. */
export function* noteHandover(run: Run, gate: Gate): Sentence<void> {
  yield* rows(run, upsert, { account_id: gate.accountId, revision: gate.revision, due_at: run.now + GRACE_MS });
}

/** The same of all accounts with these numbers. */
export function* noteHandovers(run: Run, range: { readonly from: number; readonly to: number }): Sentence<void> {
  yield* rows(run, upsertAll, { ...range, due_at: run.now + GRACE_MS });
}

/** Gates that were to be handed over and were not: nobody else gets them for `leaseMs`. */
export function* claimHandovers(
  run: Run,
  { limit, leaseMs }: { readonly limit: number; readonly leaseMs: number },
): Sentence<readonly Gate[]> {
  const claimed = yield* rows(run, claimDue, { now: run.now, until: run.now + leaseMs, limit });
  const gates: Gate[] = [];
  for (const { account_id } of claimed) {
    const gate = yield* gateHeld(run, account_id);
    if (gate !== null) gates.push(gate);
  }
  return gates;
}

/** These gates are where they belong. A later one of the same account is still to go. */
export function* handedOver(run: Run, gates: readonly Gate[]): Sentence<void> {
  yield* each(
    run,
    remove,
    gates.map(({ accountId, revision }) => ({ account_id: accountId, revision })),
  );
}

export type StreamedEntry = ReadEntry & {
  /** Milliseconds of a server's clock and a number, `1767268800000-0`. */
  readonly position: string;
  /** Of an opened session on a device that is new: the mails that tell of it. */
  readonly arrival: Arrival | null;
};

export type Page = { readonly stream: string; readonly entries: readonly StreamedEntry[] };

/**
 * Writes down what a stream says, once, whoever else does. What lies beyond the furthest position that was written is new. The
 * rest was written by another just now, or is of a server whose clock is behind the one that it took over from: that is looked up.
 */
export function* writeStream(run: Run, { stream, entries }: Page): Sentence<void> {
  const name = `stream ${stream}`;
  yield* rows(run, insertCursor, { name });
  const cursor = (yield* row(run, takeCursor, { name }))?.value || '0-0';
  const isNew = ({ position }: StreamedEntry): boolean => isBeyond(position, cursor);
  const doubtful = entries.filter((entry) => !isNew(entry));
  const found = yield* each(
    run,
    selectWritten,
    doubtful.map(({ accountId: account_id, sessionId: session_id, kind }) => ({ account_id, session_id, kind })),
  );
  const missed = doubtful.filter((_, at) => found[at]?.length === 0);
  const ahead = entries.filter(isNew);
  const written = [...missed, ...ahead];
  yield* writeDown(run, written);
  for (const seen of written.flatMap(seenIn)) yield* noteSeen(run, seen);
  const last = ahead.at(-1);
  if (last !== undefined) yield* setSetting(run, name, last.position);
}

type Opening = { readonly device: string; readonly class: DeviceClass; readonly device_id: string | null };

/** The device that an opened session says it was opened on, if any. */
function seenIn({ kind, accountId, sessionId, at, data, arrival }: StreamedEntry): readonly Seen[] {
  if (kind !== 'session_opened') return [];
  const { device, class: deviceClass, device_id } = JSON.parse(data) as Opening;
  return [{ accountId, sessionId, device: { id: device_id, name: device, class: deviceClass }, at, arrival }];
}

function isBeyond(position: string, other: string): boolean {
  const [ms = 0, number = 0] = position.split('-').map(Number);
  const [otherMs = 0, otherNumber = 0] = other.split('-').map(Number);
  return ms > otherMs || (ms === otherMs && number > otherNumber);
}
