import type { OutboxEntry, OutboxItem, OutboxStore } from '../store.ts';
import { define, each, free, type Run, rows, type Sentence } from './statement.ts';

const insert = define<{ topic: string; payload: Uint8Array; now: number }>('outbox.insert')((db, arg) =>
  db.insertInto('outbox').values({
    topic: arg.topic,
    payload: arg.payload,
    created_at: arg.now,
    due_at: arg.now,
    attempts: 0,
    error: null,
  }),
);

const claimDue = define<{ now: number; until: number; limit: number }>('outbox.claimDue')((db, arg, dialect) =>
  db
    // Once looked for: a plan that looked again would get others, more than were asked for.
    .with(
      (cte) => cte('due').materialized(),
      (of) =>
        free(
          of.selectFrom('outbox').select('id').where('due_at', '<=', arg.now).orderBy('due_at').limit(arg.limit),
          dialect,
        ),
    )
    .updateTable('outbox')
    .set((eb) => ({ due_at: arg.until, attempts: eb('attempts', '+', 1) }))
    .where('id', 'in', (eb) => eb.selectFrom('due').select('due.id'))
    .returningAll(),
);

const remove = define<{ id: number }>('outbox.remove')((db, arg) => db.deleteFrom('outbox').where('id', '=', arg.id));

const reschedule = define<{ id: number; due_at: number | null; error: string }>('outbox.reschedule')((db, arg) =>
  db.updateTable('outbox').set({ due_at: arg.due_at, error: arg.error }).where('id', '=', arg.id),
);

const selectPage = define<{ limit: number }>('outbox.selectPage')((db, arg) =>
  db.selectFrom('outbox').selectAll().orderBy('id', 'desc').limit(arg.limit),
);

const removeOld = define<{ before: number; limit: number }>('outbox.removeOld')((db, arg, dialect) =>
  db
    .deleteFrom('outbox')
    .where('id', 'in', (eb) =>
      free(
        eb.selectFrom('outbox').select('id').where('created_at', '<=', arg.before).orderBy('id').limit(arg.limit),
        dialect,
      ),
    )
    .returning('id'),
);

export function* put(run: Run, items: readonly OutboxItem[]): Sentence<void> {
  const list = items.map(({ topic, payload }) => ({ topic, payload, now: run.now }));
  yield* each(run, insert, list);
}

type Row = { id: number; topic: string; payload: Uint8Array; created_at: number; attempts: number };

function entryOf(run: Run, row: Row): OutboxEntry {
  return {
    id: row.id,
    topic: row.topic as 'mail',
    payload: row.payload,
    createdAt: row.created_at,
    ageMs: run.now - row.created_at,
    attempts: row.attempts,
  };
}

export function* claim(
  run: Run,
  { limit, leaseMs }: Parameters<OutboxStore['claim']>[0],
): Sentence<readonly OutboxEntry[]> {
  const claimed = yield* rows(run, claimDue, { now: run.now, until: run.now + leaseMs, limit });
  return claimed.map((row) => ({ ...entryOf(run, row), attempts: row.attempts - 1 }));
}

export function* done(run: Run, id: number): Sentence<void> {
  yield* rows(run, remove, { id });
}

export function* retry(run: Run, { id, delayMs, error }: Parameters<OutboxStore['retry']>[0]): Sentence<void> {
  yield* rows(run, reschedule, { id, due_at: delayMs === null ? null : run.now + delayMs, error });
}

export function* page(run: Run, limit: number): Sentence<Awaited<ReturnType<OutboxStore['page']>>> {
  const found = yield* rows(run, selectPage, { limit });
  return found.map((row) => ({ ...entryOf(run, row), error: row.error, isGivenUp: row.due_at === null }));
}

export function* purge(run: Run, { keepMs, limit }: Parameters<OutboxStore['purge']>[0]): Sentence<number> {
  return (yield* rows(run, removeOld, { before: run.now - keepMs, limit })).length;
}
