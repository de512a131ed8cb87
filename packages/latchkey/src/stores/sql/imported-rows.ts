/** What is noted of accounts that came along from elsewhere, where they are changed here. */
import { define, type Run, rows, type Sentence } from './statement.ts';

const markOwnPassword = define<{ account_id: number }>('imported.markOwnPassword')((db, arg) =>
  db
    .updateTable('imported')
    .set((eb) => ({ own_password: eb.lit(1) }))
    .where('account_id', '=', arg.account_id),
);

const forget = define<{ account_id: number; nothing: string }>('imported.forget')((db, arg) =>
  db.updateTable('imported').set({ prints: arg.nothing, origin: arg.nothing }).where('account_id', '=', arg.account_id),
);

const forgetEmails = define<{ account_id: number }>('imported.forgetEmails')((db, arg) =>
  db.deleteFrom('imported_email').where('account_id', '=', arg.account_id),
);

const forgetKeys = define<{ account_id: number }>('imported.forgetKeys')((db, arg) =>
  db.deleteFrom('imported_key').where('account_id', '=', arg.account_id),
);

/** Its owner has set a password here: that of its source is theirs no more. */
export function* noteOwnPassword(run: Run, accountId: number): Sentence<void> {
  yield* rows(run, markOwnPassword, { account_id: accountId });
}

/** The account is closed: that it came along is remembered, and nothing else of it. */
export function* forgetImported(run: Run, accountId: number): Sentence<void> {
  yield* rows(run, forget, { account_id: accountId, nothing: '' });
  yield* rows(run, forgetEmails, { account_id: accountId });
  yield* rows(run, forgetKeys, { account_id: accountId });
}
