/** What a proof uses up: things usable once, and uses of credentials that no other may repeat. */

import type { Credential } from '../../model/credential.ts';
import type { CredentialUse, Spend } from '../../model/once.ts';
import type { OutboxItem } from '../store.ts';
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

export function* findCredential(run: Run, id: string): Sentence<Credential | null> {
  const found = yield* row(run, selectById, { id });
  return found === null ? null : credentialOf(found);
}

export function* use(run: Run, { credential, from, to }: CredentialUse): Sentence<boolean> {
  return (yield* row(run, replaceData, { id: credential, from, to, now: run.now })) !== null;
}

/** Spends all of these, or none: what is not good any more is seen before anything is spent. */
export function* spendAll(run: Run, spends: readonly Spend[]): Sentence<boolean> {
  for (const item of spends) {
    if ('purpose' in item && (yield* peek(run, item)) === null) return false;
    if ('credential' in item && !(yield* isUnchanged(run, item))) return false;
  }
  for (const item of spends) {
    const isSpent = 'purpose' in item ? (yield* spend(run, item)) !== null : yield* use(run, item);
    if (!isSpent) return false;
  }
  return true;
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
