/** The sentences about what accounts have beside their passwords. */
import { type SessionId, voidedGate } from '../../model/account.ts';
import { type Credential, type CredentialKind, hasWayIn } from '../../model/credential.ts';
import type { AccountRecord, CredentialRefused, CredentialStore, Over, Voided } from '../store.ts';
import { find as findAccount, moveGate } from './accounts.ts';
import { addAll } from './credential-rows.ts';
import { note } from './history.ts';
import { put as putOutbox } from './outbox.ts';
import { credentialOf } from './records.ts';
import { overBy } from './sessions.ts';
import { findCredential, use } from './spends.ts';
import { define, each, type Run, row, rows, type Sentence } from './statement.ts';

const selectOf = define<{ account_id: number }>('credentials.selectOf')((db, arg) =>
  db.selectFrom('credential').selectAll().where('account_id', '=', arg.account_id).orderBy('created_at').orderBy('id'),
);

const selectStalest = define<{ kind: string }>('credentials.selectStalest')((db, arg) =>
  db
    .selectFrom('credential')
    .selectAll()
    .where('kind', '=', arg.kind)
    .orderBy((eb) => eb.fn.coalesce('last_used_at', 'created_at'))
    .orderBy('id')
    .limit(1),
);

const deleteOne = define<{ account_id: number; id: string }>('credentials.remove')((db, arg) =>
  db
    .deleteFrom('credential')
    .where('account_id', '=', arg.account_id)
    .where('id', '=', arg.id)
    .returning(['id', 'kind']),
);

const updateLabel = define<{ account_id: number; id: string; label: string }>('credentials.updateLabel')((db, arg) =>
  db
    .updateTable('credential')
    .set({ label: arg.label })
    .where('account_id', '=', arg.account_id)
    .where('id', '=', arg.id)
    .returning('id'),
);

export function* list(
  run: Run,
  accountId: number,
): Sentence<{ readonly credentials: readonly Credential[]; readonly now: number }> {
  return { credentials: yield* allOf(run, accountId), now: run.now };
}

function* allOf(run: Run, accountId: number): Sentence<readonly Credential[]> {
  return (yield* rows(run, selectOf, { account_id: accountId })).map(credentialOf);
}

/** Looks at all of them: for a command, and not for a request. */
export function* stalest(run: Run, kind: CredentialKind): Sentence<Credential | null> {
  const found = yield* row(run, selectStalest, { kind });
  return found === null ? null : credentialOf(found);
}

export function* add(
  run: Run,
  adding: Parameters<CredentialStore['add']>[0],
): Sentence<Voided | Over | CredentialRefused | null> {
  const { accountId, credentials, replaces } = adding;
  const over = yield* overBy(run, adding.by, accountId);
  if (over !== null) return over;
  const record = yield* findAccount(run, accountId);
  if (record === null || record.gate.state !== 'active') return null;
  if (adding.provenAt !== null && adding.provenAt < record.gate.validFrom) return null;
  const old = (yield* allOf(run, accountId)).filter(({ kind }) => replaces.includes(kind));
  const isOld = (id: string): boolean => old.some((one) => one.id === id);
  for (const { id } of credentials) {
    if (!isOld(id) && (yield* findCredential(run, id)) !== null) return { refused: 'taken' };
  }
  const ids = old.map(({ id }) => ({ account_id: accountId, id }));
  yield* each(run, deleteOne, ids);
  yield* addAll(run, accountId, credentials);
  yield* putOutbox(run, adding.outbox);
  if (!adding.voids) return { record, ended: [] };
  return yield* voidOthers(run, record, adding.kept);
}

export function* remove(
  run: Run,
  removing: Parameters<CredentialStore['remove']>[0],
): Sentence<Voided | Over | CredentialRefused | null> {
  const { accountId, ids } = removing;
  const over = yield* overBy(run, removing.by, accountId);
  if (over !== null) return over;
  const record = yield* findAccount(run, accountId);
  if (record === null) return null;
  const all = yield* allOf(run, accountId);
  const going = all.filter(({ id }) => ids.includes(id));
  if (going.length === 0) return null;
  const left = all.filter(({ id }) => !ids.includes(id));
  const hasPassword = record.passwordHash !== null;
  if (hasWayIn(hasPassword, all) && !hasWayIn(hasPassword, left)) return { refused: 'last_way_in' };
  if (removing.use !== null && !(yield* use(run, removing.use))) return null;
  const keys = going.map(({ id }) => ({ account_id: accountId, id }));
  yield* each(run, deleteOne, keys);
  for (const { kind } of going) yield* note(run, { kind: 'credential_removed', accountId, data: { kind } });
  yield* putOutbox(run, removing.outbox);
  return yield* voidOthers(run, record, removing.kept);
}

/** What was proved and opened without what is there now, or with what is there no more, is void. */
function* voidOthers(run: Run, record: AccountRecord, kept: SessionId | null): Sentence<Voided> {
  return yield* moveGate(run, record, voidedGate(record.gate, { reason: 'credential_removed', kept }), null);
}

export function* rename(run: Run, renaming: Parameters<CredentialStore['rename']>[0]): Sentence<boolean> {
  const { accountId, id, label } = renaming;
  return (yield* row(run, updateLabel, { account_id: accountId, id, label })) !== null;
}
