import type { MarkStore } from '../store.ts';
import { define, free, type Run, rows, type Sentence } from './statement.ts';

const insert = define<{ hash: Uint8Array; now: number; expires_at: number }>('marks.insert')((db, arg) =>
  db
    .insertInto('mark')
    .values({ hash: arg.hash, expires_at: arg.expires_at })
    // What is over and was not purged yet is as good as none.
    .onConflict((conflict) =>
      conflict.column('hash').doUpdateSet({ expires_at: arg.expires_at }).where('mark.expires_at', '<=', arg.now),
    )
    .returning('expires_at'),
);

const removeOver = define<{ now: number; limit: number }>('marks.removeOver')((db, arg, dialect) =>
  db
    .deleteFrom('mark')
    .where('hash', 'in', (eb) =>
      free(eb.selectFrom('mark').select('hash').where('expires_at', '<=', arg.now).limit(arg.limit), dialect),
    )
    .returning('expires_at'),
);

export function* add(run: Run, { hash, lifetimeMs }: Parameters<MarkStore['add']>[0]): Sentence<boolean> {
  const added = yield* rows(run, insert, { hash, now: run.now, expires_at: run.now + lifetimeMs });
  return added.length > 0;
}

export function* purge(run: Run, limit: number): Sentence<number> {
  return (yield* rows(run, removeOver, { now: run.now, limit })).length;
}
