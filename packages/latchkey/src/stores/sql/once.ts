import type { OncePurpose, OnceRef } from '../../model/once.ts';
import type { NewOnce } from '../store.ts';
import { define, each, free, type Run, row, rows, type Sentence } from './statement.ts';

const insert = define<{
  hash: Uint8Array;
  purpose: string;
  account_id: number | null;
  data: string;
  created_at: number;
  expires_at: number;
}>('once.insert')((db, arg) =>
  db
    .insertInto('once')
    .values({
      hash: arg.hash,
      purpose: arg.purpose,
      account_id: arg.account_id,
      data: arg.data,
      created_at: arg.created_at,
      expires_at: arg.expires_at,
    })
    // What has expired and was not purged yet is as good as none.
    .onConflict((conflict) =>
      conflict
        .column('hash')
        .doUpdateSet({ data: arg.data, created_at: arg.created_at, expires_at: arg.expires_at })
        .where('once.purpose', '=', arg.purpose)
        .where('once.expires_at', '<=', arg.created_at),
    )
    .returning('purpose'),
);

const selectGood = define<{ hash: Uint8Array; purpose: string; now: number }>('once.selectGood')((db, arg) =>
  db
    .selectFrom('once')
    .select(['account_id', 'data'])
    .where('hash', '=', arg.hash)
    .where('purpose', '=', arg.purpose)
    .where('expires_at', '>', arg.now),
);

const deleteGood = define<{ hash: Uint8Array; purpose: string; now: number }>('once.deleteGood')((db, arg) =>
  db
    .deleteFrom('once')
    .where('hash', '=', arg.hash)
    .where('purpose', '=', arg.purpose)
    .where('expires_at', '>', arg.now)
    .returning(['account_id', 'data']),
);

const deleteOfAccount = define<{ account_id: number; purpose: string }>('once.deleteOfAccount')((db, arg) =>
  db.deleteFrom('once').where('account_id', '=', arg.account_id).where('purpose', '=', arg.purpose),
);

const deleteLater = define<{ account_id: number; purpose: string; hash: Uint8Array }>('once.deleteLater')((db, arg) =>
  db
    .deleteFrom('once')
    .where('account_id', '=', arg.account_id)
    .where('purpose', '=', arg.purpose)
    .where('created_at', '>', (eb) =>
      eb.selectFrom('once as own').select('own.created_at').where('own.hash', '=', arg.hash),
    ),
);

const deleteAny = define<{ limit: number }>('once.deleteAny')((db, arg) =>
  db
    .deleteFrom('once')
    .where('hash', 'in', (eb) => eb.selectFrom('once').select('hash').orderBy('hash').limit(arg.limit))
    .returning('purpose'),
);

const deleteExpired = define<{ now: number; limit: number }>('once.deleteExpired')((db, arg, dialect) =>
  db
    .deleteFrom('once')
    .where('hash', 'in', (eb) =>
      free(eb.selectFrom('once').select('hash').where('expires_at', '<=', arg.now).limit(arg.limit), dialect),
    )
    .returning('purpose'),
);

export function* put(run: Run, once: NewOnce, accountId: number | null): Sentence<void> {
  yield* putAll(run, [{ link: once, id: accountId }]);
}

export function* putAll(
  run: Run,
  all: readonly { readonly link: NewOnce; readonly id: number | null }[],
): Sentence<void> {
  const list = all.map(({ link, id }) => ({
    hash: link.hash,
    purpose: link.purpose,
    account_id: id,
    data: link.data,
    created_at: run.now,
    expires_at: run.now + link.lifetimeMs,
  }));
  const kept = yield* each(run, insert, list);
  if (kept.some((row) => row.length === 0)) throw new Error('A thing usable once is there already.');
}

type Good = { readonly accountId: number | null; readonly data: string };

/** Looks at a good one without spending it. */
export function* peek(run: Run, { purpose, hash }: OnceRef): Sentence<Good | null> {
  const found = yield* row(run, selectGood, { hash, purpose, now: run.now });
  return found === null ? null : { accountId: found.account_id, data: found.data };
}

/** Deleting is spending: of two at once, one gets the row. */
export function* spend(run: Run, { purpose, hash }: OnceRef): Sentence<Good | null> {
  const found = yield* row(run, deleteGood, { hash, purpose, now: run.now });
  return found === null ? null : { accountId: found.account_id, data: found.data };
}

/** Spends one, and puts others in its place, in one. */
export function* exchange(
  run: Run,
  { from, to }: { readonly from: OnceRef; readonly to: readonly NewOnce[] },
): Sentence<string | null> {
  const spent = yield* spend(run, from);
  if (spent === null) return null;
  yield* putAll(
    run,
    to.map((link) => ({ link, id: spent.accountId })),
  );
  return spent.data;
}

/** Makes void all of one purpose that an account has out. */
export function* voidAll(run: Run, accountId: number, purpose: OncePurpose): Sentence<void> {
  yield* rows(run, deleteOfAccount, { account_id: accountId, purpose });
}

/** Makes void all of one purpose that an account got after this one. */
export function* voidLater(run: Run, accountId: number, { purpose, hash }: OnceRef): Sentence<void> {
  yield* rows(run, deleteLater, { account_id: accountId, purpose, hash });
}

export function* voidAny(run: Run, limit: number): Sentence<number> {
  return (yield* rows(run, deleteAny, { limit })).length;
}

export function* purge(run: Run, limit: number): Sentence<number> {
  return (yield* rows(run, deleteExpired, { now: run.now, limit })).length;
}
