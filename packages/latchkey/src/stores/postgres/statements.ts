/** The statements that PostgreSQL alone needs. */
import type { ExpressionBuilder } from 'kysely';
import { sessionColumns } from '../sql/records.ts';
import { define } from '../sql/statement.ts';

/** The database's time as it is read, in milliseconds: `now()` would be that of the transaction's begin, before its turn came. */
function time<Tables, Name extends keyof Tables>(eb: ExpressionBuilder<Tables, Name>) {
  const seconds = eb.fn<number>('date_part', [eb.val('epoch'), eb.fn('clock_timestamp')]);
  return eb.cast<number>(eb(seconds, '*', eb.lit(1000)), 'bigint').as('now');
}

export const selectTime = define<Record<never, never>>(
  'postgres.selectTime',
  'postgres',
)((db) => db.selectNoFrom((eb) => time(eb)));

/** Takes an account's turn, which lasts as long as the transaction, and then the time. There may be no such account. */
export const takeTurn = define<{ id: number }>(
  'postgres.takeTurn',
  'postgres',
)((db, arg) =>
  db
    .with(
      (cte) => cte('held').materialized(),
      (of) => of.selectFrom('account').select('id').where('id', '=', arg.id).forUpdate(),
    )
    .selectFrom('held')
    .select((eb) => [eb.fn.countAll<number>().as('held'), time(eb)]),
);

/** The hot statement: one look-up by primary key, and the time. */
export const findByToken = define<{ token_hash: Uint8Array }>(
  'postgres.findByToken',
  'postgres',
)((db, arg) =>
  db
    .selectFrom('session')
    .select(sessionColumns)
    .select((eb) => time(eb))
    .where('token_hash', '=', arg.token_hash),
);

/** Says something to whoever listens on a channel, once the transaction is committed. */
export const notify = define<{ channel: string; text: string }>(
  'postgres.notify',
  'postgres',
)((db, arg) => db.selectNoFrom((eb) => eb.fn<string>('pg_notify', [eb.val(arg.channel), eb.val(arg.text)]).as('said')));
