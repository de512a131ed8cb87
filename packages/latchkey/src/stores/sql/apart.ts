/** The sentences of a database whose accounts' sessions are kept elsewhere: what has to reach them, and what comes back. */
import type { Gate } from '../../model/account.ts';
import { type ReadEntry, writeDown } from './history.ts';
import { gateHeld } from './sessions.ts';
import { set as setSetting } from './settings.ts';
import { define, free, type Run, row, rows, type Sentence } from './statement.ts';

const upsert = define<{ account_id: number; revision: number; due_at: number }>('apart.upsert')((db, arg) =>
  db
    .insertInto('handover')
    .values({ account_id: arg.account_id, revision: arg.revision, due_at: arg.due_at })
    .onConflict((conflict) =>
      conflict.column('account_id').doUpdateSet({ revision: arg.revision, due_at: arg.due_at }),
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

const selectCursor = define<{ name: string }>('apart.selectCursor')((db, arg) =>
  db.selectFrom('setting').select('value').where('name', '=', arg.name),
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

/** How long whoever made a change has to hand it over before somebody else does. */
const GRACE_MS = 5_000;

/** In the transaction that moves a gate: it is to be handed over, whoever does it. */
export function* noteHandover(run: Run, gate: Gate): Sentence<void> {
  yield* rows(run, upsert, { account_id: gate.accountId, revision: gate.revision, due_at: run.now + GRACE_MS });
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

/** This gate is where it belongs. A later one is still to go. */
export function* handedOver(run: Run, { accountId, revision }: Gate): Sentence<void> {
  yield* rows(run, remove, { account_id: accountId, revision });
}

export type Page = {
  readonly stream: string;
  /** Where the entries begin: whoever read from elsewhere writes nothing. */
  readonly after: string | null;
  readonly upTo: string;
  readonly entries: readonly ReadEntry[];
};

/** Writes down what a stream says, once, whoever else does. Returns up to where it is written down now. */
export function* writeStream(run: Run, { stream, after, upTo, entries }: Page): Sentence<string | null> {
  const name = `stream ${stream}`;
  yield* rows(run, insertCursor, { name });
  const cursor = (yield* row(run, takeCursor, { name }))?.value || null;
  if (cursor !== after) return cursor;
  yield* writeDown(run, entries);
  yield* setSetting(run, name, upTo);
  return upTo;
}

export function* cursorOf(run: Run, stream: string): Sentence<string | null> {
  return (yield* row(run, selectCursor, { name: `stream ${stream}` }))?.value || null;
}
