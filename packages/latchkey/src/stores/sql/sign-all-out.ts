/** The sentence of a restored backup: signs accounts out everywhere by the page, in a few statements however many there are. */
import type { Gate } from '../../model/account.ts';
import type { AccountStore } from '../store.ts';
import { noteHandovers } from './apart.ts';
import { endingData } from './history.ts';
import { gateOf } from './records.ts';
import { type Dialect, define, type Run, row, rows, type Sentence } from './statement.ts';

/** Accounts with these numbers, both ends among them. */
export type Range = { readonly from: number; readonly to: number };

const lockPage = define<{ after: number; limit: number }>('all.lockPage')((db, arg, dialect) => {
  const page = db.selectFrom('account').select('id').where('id', '>', arg.after).orderBy('id').limit(arg.limit);
  return dialect === 'postgres' ? page.forUpdate() : page;
});

const selectHighest = define<Record<never, never>>('all.selectHighest')((db) =>
  db.selectFrom('account').select((eb) => eb.fn.max('id').as('highest')),
);

const voidAccounts = define<Range>('all.voidAccounts')((db, arg) =>
  db
    .updateTable('account')
    .set((eb) => ({
      revision: eb('revision', '+', eb.lit(1)),
      valid_from: eb('revision', '+', eb.lit(1)),
      kept: null,
      reason: 'revoked',
    }))
    .where('id', '>=', arg.from)
    .where('id', '<=', arg.to),
);

const GATE = ['state', 'roles', 'revision', 'valid_from', 'kept', 'reason'] as const;

/** Those who never signed in have none; theirs must keep out what was proved before, too. */
const raiseGates = define<Range>('all.raiseGates')((db, arg) =>
  db
    .insertInto('gate')
    .columns(['account_id', ...GATE, 'last_sequence'])
    .expression((eb) =>
      eb
        .selectFrom('account')
        .select((of) => ['id as account_id', ...GATE, of.lit(0).as('last_sequence')])
        .where('id', '>=', arg.from)
        .where('id', '<=', arg.to),
    )
    .onConflict((conflict) =>
      conflict.column('account_id').doUpdateSet((eb) => ({
        state: eb.ref('excluded.state'),
        roles: eb.ref('excluded.roles'),
        revision: eb.ref('excluded.revision'),
        valid_from: eb.ref('excluded.valid_from'),
        kept: eb.ref('excluded.kept'),
        reason: eb.ref('excluded.reason'),
      })),
    ),
);

const NOTE = ['at', 'kind', 'account_id', 'session_id', 'data'] as const;

type Noted = Range & { readonly now: number; readonly kind: string; readonly data: string };

/** The type of what history keeps as JSON. */
function jsonIn(dialect: Dialect): 'json' | 'text' {
  return dialect === 'postgres' ? 'json' : 'text';
}

const noteAccounts = define<Noted>('all.noteAccounts')((db, arg, dialect) =>
  db
    .insertInto('history')
    .columns(NOTE)
    .expression((eb) =>
      eb
        .selectFrom('account')
        .select((of) => [
          of.cast<number>(of.val(arg.now), 'bigint').as('at'),
          of.cast<string>(of.val(arg.kind), 'text').as('kind'),
          'id as account_id',
          of.lit(null).as('session_id'),
          of.cast<string>(of.val(arg.data), jsonIn(dialect)).as('data'),
        ])
        .where('id', '>=', arg.from)
        .where('id', '<=', arg.to)
        .orderBy('id'),
    ),
);

const noteSessions = define<Noted>('all.noteSessions')((db, arg, dialect) =>
  db
    .insertInto('history')
    .columns(NOTE)
    .expression((eb) =>
      eb
        .selectFrom('session')
        .select((of) => [
          of.cast<number>(of.val(arg.now), 'bigint').as('at'),
          of.cast<string>(of.val(arg.kind), 'text').as('kind'),
          'account_id',
          'id as session_id',
          of.cast<string>(of.val(arg.data), jsonIn(dialect)).as('data'),
        ])
        .where('account_id', '>=', arg.from)
        .where('account_id', '<=', arg.to)
        .where('ended_at', 'is', null)
        .orderBy('account_id')
        .orderBy('sequence'),
    ),
);

const endSessions = define<Range & { readonly now: number; readonly reason: string }>('all.endSessions')((db, arg) =>
  db
    .updateTable('session')
    .set({ ended_at: arg.now, ended_reason: arg.reason })
    .where('account_id', '>=', arg.from)
    .where('account_id', '<=', arg.to)
    .where('ended_at', 'is', null)
    .returning('account_id'),
);

const selectGates = define<Range>('all.selectGates')((db, arg) =>
  db.selectFrom('gate').selectAll().where('account_id', '>=', arg.from).where('account_id', '<=', arg.to),
);

/** Raises the gate of each account of a page, ends its sessions, and notes both, under the locks of all of them. */
export function* signAllOut(
  run: Run,
  { after, limit }: Parameters<AccountStore['signAllOut']>[0],
): Sentence<Awaited<ReturnType<AccountStore['signAllOut']>>> {
  const page = yield* rows(run, lockPage, { after, limit });
  const highest = (yield* row(run, selectHighest, {}))?.highest ?? 0;
  const [first, last] = [page.at(0), page.at(-1)];
  if (first === undefined || last === undefined) return { accounts: 0, upTo: after, highest };
  const range: Range = { from: first.id, to: last.id };
  const { now } = run;
  yield* rows(run, voidAccounts, range);
  yield* rows(run, raiseGates, range);
  yield* rows(run, noteAccounts, { ...range, now, kind: 'signed_out_everywhere', data: '{}' });
  const data = endingData({ reason: 'revoked', by: null, bySession: null });
  yield* rows(run, noteSessions, { ...range, now, kind: 'session_ended', data: JSON.stringify(data) });
  const ended = yield* rows(run, endSessions, { ...range, now, reason: 'revoked' });
  for (const { account_id } of ended) run.moved(account_id);
  if (run.sessions === 'apart') yield* noteHandovers(run, range);
  return { accounts: page.length, upTo: last.id, highest };
}

/** The gates of accounts with these numbers. */
export function* gatesOf(run: Run, range: Range): Sentence<readonly Gate[]> {
  return (yield* rows(run, selectGates, range)).map((held) => gateOf(held.account_id, held));
}
