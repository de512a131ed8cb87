import type { ExpressionBuilder } from 'kysely';
import type { CounterStore, Take, Taken } from '../store.ts';
import type { Schema } from './schema.ts';
import { define, each, free, type Run, rows, type Sentence } from './statement.ts';

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

const removeOver = define<{ now: number; limit: number }>('counters.removeOver')((db, arg, dialect) =>
  db
    .deleteFrom('counter')
    .where('key', 'in', (eb) =>
      free(eb.selectFrom('counter').select('key').where('resets_at', '<=', arg.now).limit(arg.limit), dialect),
    )
    .returning('key'),
);

/** Always in the order of the keys: two that count the same ones must not wait for each other. */
export function* take(run: Run, takes: readonly Take[]): Sentence<readonly Taken[]> {
  const sorted = takes.map((given, at) => ({ ...given, at })).sort(byKey);
  const list = sorted.map(({ key, limit, windowMs }) => ({ key, limit, resets_at: run.now + windowMs, now: run.now }));
  const counted = yield* each(run, count, list);
  return sorted
    .map(({ at, ...given }, turn) => ({ at, taken: takenOf(run, given, counted[turn]?.[0]) }))
    .sort((one, other) => one.at - other.at)
    .map(({ taken }) => taken);
}

type Counted = { readonly count: number; readonly resets_at: number };

function takenOf(run: Run, { key, limit }: Take, counted: Counted | undefined): Taken {
  if (counted === undefined) throw new Error('A counter was counted and is not there.');
  return { key, isWithin: counted.count <= limit, retryAfterMs: Math.max(0, counted.resets_at - run.now) };
}

export function* settle(
  run: Run,
  { giveBack = [], clear = [] }: Parameters<CounterStore['settle']>[0],
): Sentence<void> {
  const steps = [
    ...giveBack.map((key) => ({ key, query: uncount({ key, now: run.now }, run.dialect) })),
    ...clear.map((key) => ({ key, query: remove({ key }, run.dialect) })),
  ];
  if (steps.length > 0) yield steps.sort(byKey).map(({ query }) => query);
}

function byKey(one: { readonly key: string }, other: { readonly key: string }): number {
  if (one.key === other.key) return 0;
  return one.key < other.key ? -1 : 1;
}

export function* purge(run: Run, limit: number): Sentence<number> {
  return (yield* rows(run, removeOver, { now: run.now, limit })).length;
}
