/** What an account's owner calls its devices, for any SQL database. */
import type { DeviceStore, Over } from '../store.ts';
import { insert } from './devices.ts';
import { overBy } from './sessions.ts';
import { define, type Run, row, rows, type Sentence } from './statement.ts';

const setLabel = define<{ account_id: number; id: string; label: string | null }>('devices.setLabel')((db, arg) =>
  db.updateTable('device').set({ label: arg.label }).where('account_id', '=', arg.account_id).where('id', '=', arg.id),
);

const selectAccount = define<{ id: number }>('devices.selectAccount')((db, arg) =>
  db.selectFrom('account').select('id').where('id', '=', arg.id),
);

export function* label(
  run: Run,
  { accountId, by, device, label: text }: Parameters<DeviceStore['label']>[0],
): Sentence<boolean | Over> {
  const over = yield* overBy(run, by, accountId);
  if (over !== null) return over;
  if ((yield* row(run, selectAccount, { id: accountId })) === null) return false;
  const { id, class: deviceClass, name } = device;
  yield* rows(run, insert, { account_id: accountId, id, class: deviceClass, name, at: run.now, mailed_at: null });
  yield* rows(run, setLabel, { account_id: accountId, id, label: text });
  return true;
}
