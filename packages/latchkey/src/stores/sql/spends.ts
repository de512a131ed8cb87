/** What a proof uses up: things usable once, and uses of credentials that no other may repeat. */

import type { Credential } from '../../model/credential.ts';
import type { CredentialAddition, CredentialUse, Spend } from '../../model/once.ts';
import type { OutboxItem } from '../store.ts';
import { addAll } from './credential-rows.ts';
import { peek, spend } from './once.ts';
import { put } from './outbox.ts';
import { credentialOf } from './records.ts';
import { define, type Run, row, type Sentence } from './statement.ts';

const selectById = define<{ id: string }>('credentials.selectById')((db, arg) =>
  db.selectFrom('credential').selectAll().where('id', '=', arg.id),
);

const replaceData = define<{ id: string; from: Uint8Array; to: Uint8Array; now: number }>('credentials.replaceData')(
  (db, arg) =>
    db
      .updateTable('credential')
      .set({ data: arg.to, last_used_at: arg.now })
      .where('id', '=', arg.id)
      .where('data', '=', arg.from)
      .returning('id'),
);

const selectStanding = define<{ id: number }>('accounts.selectStanding')((db, arg) =>
  db.selectFrom('account').select(['state', 'valid_from']).where('id', '=', arg.id),
);

export function* findCredential(run: Run, id: string): Sentence<Credential | null> {
  const found = yield* row(run, selectById, { id });
  return found === null ? null : credentialOf(found);
}

export function* use(run: Run, { credential, from, to }: CredentialUse): Sentence<boolean> {
  return (yield* row(run, replaceData, { id: credential, from, to, now: run.now })) !== null;
}

/** Spends all of these, or none: what is not good any more is seen before anything is spent. */
export function* spendAll(run: Run, spends: readonly Spend[]): Sentence<boolean> {
  for (const item of spends) if (!(yield* isGood(run, item))) return false;
  for (const item of spends) if (!(yield* spendOne(run, item))) return false;
  return true;
}

function* isGood(run: Run, item: Spend): Sentence<boolean> {
  if ('purpose' in item) return (yield* peek(run, item)) !== null;
  return 'adds' in item ? yield* mayAdd(run, item) : yield* isUnchanged(run, item);
}

function* spendOne(run: Run, item: Spend): Sentence<boolean> {
  if ('purpose' in item) return (yield* spend(run, item)) !== null;
  if (!('adds' in item)) return yield* use(run, item);
  if ((yield* findCredential(run, item.adds.id)) === null) yield* addAll(run, item.accountId, [item.adds]);
  return true;
}

function* mayAdd(run: Run, { accountId, provenAt, adds }: CredentialAddition): Sentence<boolean> {
  const standing = yield* row(run, selectStanding, { id: accountId });
  if (standing === null || standing.state !== 'active' || provenAt < standing.valid_from) return false;
  const found = yield* findCredential(run, adds.id);
  return found === null || found.accountId === accountId;
}

/** The same, and the mails that tell of it. */
export function* spendAndTell(
  run: Run,
  { spends, outbox = [] }: { readonly spends: readonly Spend[]; readonly outbox?: readonly OutboxItem[] },
): Sentence<boolean> {
  if (!(yield* spendAll(run, spends))) return false;
  yield* put(run, outbox);
  return true;
}

function* isUnchanged(run: Run, { credential, from }: CredentialUse): Sentence<boolean> {
  const found = yield* findCredential(run, credential);
  return found !== null && Buffer.compare(found.data, from) === 0;
}
