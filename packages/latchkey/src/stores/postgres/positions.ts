/**
 * Positions that grow in the order of commits. A number that is taken while a transaction runs does not: another may take a
 * later one and commit before it. So what happened to sessions is written without a position, and whoever wants to read on gives
 * one to all that was committed by then, under the lock of the last. Nothing of it stands in a sign-in's way.
 */
import { define, type Run, row, rows, type Sentence } from '../sql/statement.ts';

/** The setting that holds the last position. */
const LAST = 'last_position';

/** How many are numbered in one transaction. */
const BATCH = 5_000;

const selectUnnumbered = define<Record<never, never>>(
  'positions.selectUnnumbered',
  'postgres',
)((db) =>
  db
    .selectFrom('history')
    .select('id')
    .where('position', 'is', null)
    .where('session_id', 'is not', null)
    .limit((eb) => eb.lit(1)),
);

const selectLast = define<{ name: string }>(
  'positions.selectLast',
  'postgres',
)((db, arg) =>
  db
    .selectFrom('setting')
    .select((eb) => eb.cast<number>('value', 'bigint').as('last'))
    .where('name', '=', arg.name),
);

const lockLast = define<{ name: string }>(
  'positions.lockLast',
  'postgres',
)((db, arg) =>
  db
    .selectFrom('setting')
    .select((eb) => eb.cast<number>('value', 'bigint').as('last'))
    .where('name', '=', arg.name)
    .forUpdate(),
);

/** The ids of one account grow in the order of its commits, which are under its lock. */
const giveNext = define<{ last: number }>(
  'positions.giveNext',
  'postgres',
)((db, arg) =>
  db
    .updateTable('history')
    .from((eb) =>
      eb
        .selectFrom('history as entry')
        .select((of) => [
          'entry.id',
          of.fn
            .agg<number>('row_number')
            .over((over) => over.orderBy('entry.id'))
            .as('turn'),
        ])
        .where('entry.position', 'is', null)
        .where('entry.session_id', 'is not', null)
        .orderBy('entry.id')
        .limit((of) => of.lit(BATCH))
        .as('next'),
    )
    .set((eb) => ({ position: eb('next.turn', '+', arg.last) }))
    .whereRef('history.id', '=', 'next.id')
    .returning('history.position'),
);

const updateLast = define<{ name: string; last: string }>(
  'positions.updateLast',
  'postgres',
)((db, arg) => db.updateTable('setting').set({ value: arg.last }).where('name', '=', arg.name));

/** Whether anything that was committed has no position yet. */
export function* isBehind(run: Run): Sentence<boolean> {
  return (yield* row(run, selectUnnumbered, {})) !== null;
}

/** Gives positions to what was committed before this one's turn came. Whether there may be more of it. */
export function* number(run: Run): Sentence<boolean> {
  const last = (yield* row(run, lockLast, { name: LAST }))?.last;
  if (last === undefined) throw new Error(`The setting ${LAST} is not there.`);
  const given = yield* rows(run, giveNext, { last });
  if (given.length > 0) yield* rows(run, updateLast, { name: LAST, last: String(last + given.length) });
  return given.length === BATCH;
}

export function* position(run: Run): Sentence<number> {
  return (yield* row(run, selectLast, { name: LAST }))?.last ?? 0;
}
