/** A new credential, with its account or later. */
import type { AccountId } from '../../model/account.ts';
import type { NewCredential } from '../../model/credential.ts';
import { StoreUnavailable } from '../store.ts';
import { note } from './history.ts';
import { define, type Run, row, type Sentence } from './statement.ts';

const insert = define<{
  id: string;
  account_id: number;
  kind: string;
  label: string;
  data: Uint8Array;
  created_at: number;
}>('credentials.insert')((db, arg) =>
  db
    .insertInto('credential')
    .values({
      id: arg.id,
      account_id: arg.account_id,
      kind: arg.kind,
      label: arg.label,
      data: arg.data,
      created_at: arg.created_at,
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .returning('id'),
);

/** Adds those of which it was looked that nobody has them. */
export function* addAll(run: Run, accountId: AccountId, credentials: readonly NewCredential[]): Sentence<void> {
  for (const given of credentials) {
    const added = yield* row(run, insert, { ...given, account_id: accountId, created_at: run.now });
    if (added === null) throw new StoreUnavailable('Somebody else adds the same credential just now.');
    yield* note(run, { kind: 'credential_added', accountId, data: { kind: given.kind } });
  }
}
