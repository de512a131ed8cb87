/** The sentences about numbers of accounts whose source knows them by something else. */
import type { AccountId } from '../../model/account.ts';
import type { Allotted, ImportStore } from '../store.ts';
import { define, each, type Run, rows, type Sentence } from './statement.ts';

const select = define<{ source: string; source_id: string }>('allotted.select')((db, arg) =>
  db
    .selectFrom('imported_id')
    .select('account_id')
    .where('source', '=', arg.source)
    .where('source_id', '=', arg.source_id),
);

const selectPage = define<{ source: string; after: number; limit: number }>('allotted.selectPage')((db, arg) =>
  db
    .selectFrom('imported_id')
    .select(['account_id', 'source_id'])
    .where('source', '=', arg.source)
    .where('account_id', '>', arg.after)
    .orderBy('account_id')
    .limit(arg.limit),
);

/** Its number is the next of the accounts' counter, by the table's own rule. Of two at once, one gets there. */
const insertNext = define<{ source: string; source_id: string }>(
  'allotted.insertNext',
  'postgres',
)((db, arg) =>
  db
    .insertInto('imported_id')
    .values({ source: arg.source, source_id: arg.source_id })
    .onConflict((conflict) => conflict.columns(['source', 'source_id']).doNothing()),
);

/** Where no account was made yet, SQLite has no row for its counter. */
const beginCounter = define<Record<never, never>>(
  'allotted.beginCounter',
  'sqlite',
)((db) =>
  db
    .insertInto('sqlite_sequence')
    .columns(['name', 'seq'])
    .expression(
      db
        .selectNoFrom((eb) => [eb.val('account').as('name'), eb.lit(0).as('seq')])
        .where(({ exists, not, selectFrom, val }) =>
          not(exists(selectFrom('sqlite_sequence').select('name').where('name', '=', val('account')))),
        ),
    ),
);

const insertBeyond = define<{ source: string; source_id: string; steps: number }>(
  'allotted.insertBeyond',
  'sqlite',
)((db, arg) =>
  db
    .insertInto('imported_id')
    .columns(['source', 'source_id', 'account_id'])
    .expression((eb) =>
      eb
        .selectFrom('sqlite_sequence')
        .select((of) => [
          of.val(arg.source).as('source'),
          of.val(arg.source_id).as('source_id'),
          of('seq', '+', arg.steps).as('account_id'),
        ])
        .where('name', '=', eb.val('account')),
    ),
);

const countOn = define<{ steps: number }>(
  'allotted.countOn',
  'sqlite',
)((db, arg) =>
  db
    .updateTable('sqlite_sequence')
    .set((eb) => ({ seq: eb('seq', '+', arg.steps) }))
    .where((eb) => eb('name', '=', eb.val('account'))),
);

const remove = define<{ account_id: number }>('allotted.remove')((db, arg) =>
  db.deleteFrom('imported_id').where('account_id', '=', arg.account_id),
);

export function* allot(
  run: Run,
  { source, ids, isLook }: Parameters<ImportStore['allot']>[0],
): Sentence<readonly (AccountId | null)[]> {
  const asked = ids.map((source_id) => ({ source, source_id }));
  const known = yield* numbersOf(run, asked);
  const fresh = new Set(ids.filter((_, at) => known[at] === null));
  if (isLook || fresh.size === 0) return known;
  const given = [...fresh].map((source_id) => ({ source, source_id }));
  if (run.dialect === 'postgres') {
    yield* each(run, insertNext, given);
  } else {
    yield* rows(run, beginCounter, {});
    yield* each(
      run,
      insertBeyond,
      given.map((one, at) => ({ ...one, steps: at + 1 })),
    );
    yield* rows(run, countOn, { steps: given.length });
  }
  return yield* numbersOf(run, asked);
}

function* numbersOf(
  run: Run,
  asked: readonly { readonly source: string; readonly source_id: string }[],
): Sentence<readonly (AccountId | null)[]> {
  return (yield* each(run, select, asked)).map(([found]) => found?.account_id ?? null);
}

export function* allotted(
  run: Run,
  { source, after, limit }: Parameters<ImportStore['allotted']>[0],
): Sentence<readonly Allotted[]> {
  const found = yield* rows(run, selectPage, { source, after, limit });
  return found.map(({ account_id, source_id }) => ({ id: account_id, sourceId: source_id }));
}

/** Its source has it no more: were it to come back, it would be somebody new. */
export function* forgetAllotted(run: Run, accountId: AccountId): Sentence<void> {
  yield* rows(run, remove, { account_id: accountId });
}
