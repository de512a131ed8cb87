import type { ExpressionBuilder } from 'kysely';
import type { CounterStore, Take, Taken } from '../store.ts';
import type { Schema } from './schema.ts';
import { define, type Run, row, rows, type Sentence } from './statement.ts';

/** A window that ends further ahead than one that begins now was begun by a wrong clock. */
function isOver(eb: ExpressionBuilder<Schema, 'counter'>, arg: { readonly now: number; readonly resets_at: number }) {
  return eb.or([eb('counter.resets_at', '<=', arg.now), eb('counter.resets_at', '>', arg.resets_at)]);
}

const count = define<{ key: string; limit: number; resets_at: number; now: number }>('counters.count')((db, arg) =>
  db
    .insertInto('counter')
    .values({ key: arg.key, count: 1, resets_at: arg.resets_at })
    .onConflict((conflict) =>
      conflict.column('key').doUpdateSet((eb) => ({
        count: eb
          .case()
          .when(isOver(eb, arg))
          .then(1)
          .when('counter.count', '<=', arg.limit)
          .then(eb('counter.count', '+', 1))
          .else(eb.ref('counter.count'))
          .end(),
        resets_at: eb.case().when(isOver(eb, arg)).then(arg.resets_at).else(eb.ref('counter.resets_at')).end(),
      })),
    )
    .returning(['count', 'resets_at']),
);

const uncount = define<{ key: string; now: number }>('counters.uncount')((db, arg) =>
  db
    .updateTable('counter')
    .set((eb) => ({ count: eb('count', '-', 1) }))
    .where('key', '=', arg.key)
    .where('resets_at', '>', arg.now)
    .where('count', '>', 0),
);

const remove = define<{ key: string }>('counters.remove')((db, arg) =>
  db.deleteFrom('counter').where('key', '=', arg.key),
);

const removeOver = define<{ now: number; limit: number }>('counters.removeOver')((db, arg) =>
  db
    .deleteFrom('counter')
    .where('key', 'in', (eb) =>
      eb.selectFrom('counter').select('key').where('resets_at', '<=', arg.now).limit(arg.limit),
    )
    .returning('key'),
);

export function* take(run: Run, takes: readonly Take[]): Sentence<readonly Taken[]> {
  const taken: Taken[] = [];
  for (const { key, limit, windowMs } of takes) {
    const counted = yield* row(run, count, { key, limit, resets_at: run.now + windowMs, now: run.now });
    if (counted === null) throw new Error('A counter was counted and is not there.');
    taken.push({ key, isWithin: counted.count <= limit, retryAfterMs: Math.max(0, counted.resets_at - run.now) });
  }
  return taken;
}

export function* settle(
  run: Run,
  { giveBack = [], clear = [] }: Parameters<CounterStore['settle']>[0],
): Sentence<void> {
  for (const key of giveBack) yield* rows(run, uncount, { key, now: run.now });
  for (const key of clear) yield* rows(run, remove, { key });
}

export function* purge(run: Run, limit: number): Sentence<number> {
  return (yield* rows(run, removeOver, { now: run.now, limit })).length;
}
