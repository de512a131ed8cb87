/** The sentences about accounts, for any SQL database in which their sessions live too: a change and its gate are one transaction. */
import { type Account, type AccountId, firstGate, type Gate, voidedGate } from '../../model/account.ts';
import { type ClaimedEmail, type FormerEmail, isStillMeant, type PendingEmail } from '../../model/email-change.ts';
import type { OncePurpose } from '../../model/once.ts';
import { isNewlyDemanded } from '../../model/second-step.ts';
import type { Session } from '../../model/session.ts';
import type { DisownedSession } from '../../model/takeover.ts';
import type {
  AccountRecord,
  AccountStore,
  Created,
  HistoryKind,
  NewAccount,
  Over,
  ProfileChange,
  Voided,
} from '../store.ts';
import { noteHandover } from './apart.ts';
import { addAll } from './credential-rows.ts';
import { forgetAll, forget as forgetKnown } from './devices.ts';
import { note } from './history.ts';
import { forgetImported, noteOwnPassword } from './imported-rows.ts';
import { peek, putAll as putAllOnce, put as putOnce, spend, voidAll, voidLater } from './once.ts';
import { put as putOutbox } from './outbox.ts';
import { accountRecordOf, gateColumns } from './records.ts';
import { forgetDevices as forgetSessionDevices, overBy, raise } from './sessions.ts';
import { findCredential } from './spends.ts';
import { type Builder, define, type Run, row, rows, type Sentence } from './statement.ts';

/** How many accounts that merely named an address are looked at for it. */
const CLAIMANTS = 5;

/** The 1 stands in the text: as a value it would make SQLite plan anew at every run, to see whether a partial index holds. */
function accounts(db: Builder) {
  return db
    .selectFrom('account')
    .leftJoin('email', (join) =>
      join.onRef('email.account_id', '=', 'account.id').on((eb) => eb('email.is_primary', '=', eb.lit(1))),
    )
    .selectAll('account')
    .select(['email.address', 'email.verified']);
}

const selectById = define<{ id: number }>('accounts.selectById')((db, arg) =>
  accounts(db).where('account.id', '=', arg.id),
);

const selectByUsername = define<{ username_key: string }>('accounts.selectByUsername')((db, arg) =>
  accounts(db).where('account.username_key', '=', arg.username_key),
);

const selectByEmail = define<{ address_key: string }>('accounts.selectByEmail')((db, arg) =>
  db
    .selectFrom('email')
    .innerJoin('account', 'account.id', 'email.account_id')
    .selectAll('account')
    .select(['email.address', 'email.verified'])
    .where('email.address_key', '=', arg.address_key)
    .orderBy('email.verified', 'desc')
    .orderBy('account.id')
    .limit((eb) => eb.lit(CLAIMANTS)),
);

const selectPage = define<{ after: number; limit: number }>('accounts.selectPage')((db, arg) =>
  accounts(db).where('account.id', '>', arg.after).orderBy('account.id').limit(arg.limit),
);

const insertAccount = define<{
  username: string;
  username_key: string;
  first_name: string;
  last_name: string;
  profile: string;
  password_hash: string | null;
  password_scheme: string | null;
  state: string;
  roles: string;
  revision: number;
  valid_from: number;
  reason: string;
  now: number;
}>('accounts.insertAccount')((db, arg) =>
  db
    .insertInto('account')
    .values({
      username: arg.username,
      username_key: arg.username_key,
      first_name: arg.first_name,
      last_name: arg.last_name,
      profile: arg.profile,
      password_hash: arg.password_hash,
      password_scheme: arg.password_scheme,
      state: arg.state,
      roles: arg.roles,
      revision: arg.revision,
      valid_from: arg.valid_from,
      kept: null,
      reason: arg.reason,
      created_at: arg.now,
    })
    .returning('id'),
);

const updateGate = define<{
  id: number;
  state: string;
  roles: string;
  revision: number;
  valid_from: number;
  kept: string | null;
  reason: string;
}>('accounts.updateGate')((db, arg) =>
  db
    .updateTable('account')
    .set({
      state: arg.state,
      roles: arg.roles,
      revision: arg.revision,
      valid_from: arg.valid_from,
      kept: arg.kept,
      reason: arg.reason,
    })
    .where('id', '=', arg.id),
);

const updateNames = define<{
  id: number;
  username: string;
  username_key: string;
  first_name: string;
  last_name: string;
  profile: string;
}>('accounts.updateNames')((db, arg) =>
  db
    .updateTable('account')
    .set({
      username: arg.username,
      username_key: arg.username_key,
      first_name: arg.first_name,
      last_name: arg.last_name,
      profile: arg.profile,
    })
    .where('id', '=', arg.id),
);

const updatePassword = define<{ id: number; hash: string; scheme: string }>('accounts.updatePassword')((db, arg) =>
  db.updateTable('account').set({ password_hash: arg.hash, password_scheme: arg.scheme }).where('id', '=', arg.id),
);

const replacePassword = define<{ id: number; from: string; hash: string; scheme: string }>('accounts.replacePassword')(
  (db, arg) =>
    db
      .updateTable('account')
      .set({ password_hash: arg.hash, password_scheme: arg.scheme })
      .where('id', '=', arg.id)
      .where('password_hash', '=', arg.from)
      .returning('id'),
);

const deleteAccount = define<{ id: number }>('accounts.deleteAccount')((db, arg) =>
  db.deleteFrom('account').where('id', '=', arg.id),
);

const deleteLinks = define<{ id: number }>('accounts.deleteLinks')((db, arg) =>
  db.deleteFrom('once').where('account_id', '=', arg.id),
);

const deleteSecondSteps = define<{ id: number }>('accounts.deleteSecondSteps')((db, arg) =>
  db
    .deleteFrom('credential')
    .where('account_id', '=', arg.id)
    .where('kind', 'in', ['totp', 'recovery_codes'])
    .returning('id'),
);

const deletePasskeys = define<{ id: number }>('accounts.deletePasskeys')((db, arg) =>
  db.deleteFrom('credential').where('account_id', '=', arg.id).where('kind', '=', 'passkey').returning('id'),
);

const deleteWaysIn = define<{ id: number }>('accounts.deleteWaysIn')((db, arg) =>
  db
    .deleteFrom('credential')
    .where('account_id', '=', arg.id)
    .where('kind', 'in', ['social', 'passkey'])
    .returning('kind'),
);

const deleteNewerSteps = define<{ id: number; since: number }>('accounts.deleteNewerSteps')((db, arg) =>
  db
    .deleteFrom('credential')
    .where('account_id', '=', arg.id)
    .where('kind', 'in', ['totp', 'recovery_codes'])
    .where('created_at', '>=', arg.since)
    .returning('kind'),
);

const deleteNewer = define<{ id: number; since: number }>('accounts.deleteNewer')((db, arg) =>
  db.deleteFrom('credential').where('account_id', '=', arg.id).where('created_at', '>=', arg.since).returning('kind'),
);

const deleteCredentials = define<{ id: number }>('accounts.deleteCredentials')((db, arg) =>
  db.deleteFrom('credential').where('account_id', '=', arg.id).returning('kind'),
);

const selectNextScheme = define<{ after: string }>('accounts.selectNextScheme')((db, arg) =>
  db
    .selectFrom('account')
    .select('password_scheme')
    .where('password_scheme', '>', arg.after)
    .orderBy('password_scheme')
    .limit(1),
);

const insertEmail = define<{ account_id: number; address: string; address_key: string; verified: number }>(
  'accounts.insertEmail',
)((db, arg) =>
  db.insertInto('email').values({
    account_id: arg.account_id,
    address: arg.address,
    address_key: arg.address_key,
    verified: arg.verified,
    is_primary: 1,
  }),
);

const clearPassword = define<{ id: number }>('accounts.clearPassword')((db, arg) =>
  db.updateTable('account').set({ password_hash: null, password_scheme: null }).where('id', '=', arg.id),
);

const deleteEmails = define<{ account_id: number }>('accounts.deleteEmails')((db, arg) =>
  db.deleteFrom('email').where('account_id', '=', arg.account_id),
);

const selectVerified = define<{ address_key: string }>('accounts.selectVerified')((db, arg) =>
  db
    .selectFrom('email')
    .select('account_id')
    .where('address_key', '=', arg.address_key)
    .where((eb) => eb('verified', '=', eb.lit(1))),
);

const verifyAddress = define<{ account_id: number; address_key: string }>('accounts.verifyAddress')((db, arg) =>
  db
    .updateTable('email')
    .set({ verified: 1 })
    .where('account_id', '=', arg.account_id)
    .where('address_key', '=', arg.address_key)
    .returning('address'),
);

export function* find(run: Run, id: AccountId): Sentence<AccountRecord | null> {
  const found = yield* row(run, selectById, { id });
  return found === null ? null : accountRecordOf(found);
}

export function* findByUsername(run: Run, usernameKey: string): Sentence<AccountRecord | null> {
  const found = yield* row(run, selectByUsername, { username_key: usernameKey });
  return found === null ? null : accountRecordOf(found);
}

export function* findByEmail(run: Run, emailKey: string): Sentence<readonly AccountRecord[]> {
  const found = yield* rows(run, selectByEmail, { address_key: emailKey });
  const records = found.map(accountRecordOf);
  const [first] = records;
  return first?.account.emailVerified === true ? [first] : records;
}

export function* page(run: Run, given: Parameters<AccountStore['page']>[0]): Sentence<readonly Account[]> {
  return (yield* rows(run, selectPage, given)).map((found) => accountRecordOf(found).account);
}

/** What of a new account is somebody's already, or null. */
function* takenOf(run: Run, input: NewAccount): Sentence<Exclude<Created, { kind: 'created' }> | null> {
  if (input.email !== null && (input.emailUnique || input.email.verified)) {
    const holder = yield* row(run, selectVerified, { address_key: input.email.key });
    if (holder !== null) return { kind: 'email_taken' };
  }
  if ((yield* findByUsername(run, input.usernameKey)) !== null) return { kind: 'username_taken' };
  for (const { id } of input.credentials ?? []) {
    if ((yield* findCredential(run, id)) !== null) return { kind: 'credential_taken' };
  }
  return null;
}

export function* create(run: Run, input: NewAccount): Sentence<Created> {
  const taken = yield* takenOf(run, input);
  if (taken !== null) return taken;
  if (input.invitation !== null) {
    const invitation = yield* spend(run, { purpose: 'invitation', hash: input.invitation });
    if (invitation === null) return { kind: 'invitation_void' };
  }
  const { kept: _, ...gate } = gateColumns(firstGate(0, input.roles));
  const inserted = yield* row(run, insertAccount, {
    username: input.username,
    username_key: input.usernameKey,
    first_name: input.firstName,
    last_name: input.lastName,
    profile: JSON.stringify(input.profile),
    password_hash: input.password?.hash ?? null,
    password_scheme: input.password?.scheme ?? null,
    ...gate,
    state: input.state,
    now: run.now,
  });
  if (inserted === null) throw new Error('An account was inserted and has no number.');
  yield* addParts(run, inserted.id, input);
  const record = yield* find(run, inserted.id);
  if (record === null) throw new Error('An account was inserted and is not there.');
  return { kind: 'created', record };
}

function* addParts(run: Run, id: AccountId, input: NewAccount): Sentence<void> {
  if (input.email !== null) {
    const { address, key, verified } = input.email;
    yield* rows(run, insertEmail, { account_id: id, address, address_key: key, verified: verified ? 1 : 0 });
  }
  if (input.link !== null) yield* putOnce(run, input.link, id);
  yield* putOutbox(run, input.outbox);
  yield* note(run, { kind: 'account_created', accountId: id });
  yield* addAll(run, id, input.credentials ?? []);
}

export function* updateProfile(
  run: Run,
  change: ProfileChange,
): Sentence<AccountRecord | Over | 'username_taken' | 'profile_moved' | null> {
  const over = yield* overBy(run, change.by, change.id);
  if (over !== null) return over;
  const record = yield* row(run, selectById, { id: change.id });
  if (record === null) return null;
  const { profile } = change;
  if (profile !== undefined && JSON.stringify(JSON.parse(record.profile)) !== JSON.stringify(profile.from))
    return 'profile_moved';
  if (change.username !== undefined && change.username.key !== record.username_key) {
    if ((yield* findByUsername(run, change.username.key)) !== null) return 'username_taken';
  }
  yield* rows(run, updateNames, {
    id: change.id,
    username: change.username?.name ?? record.username,
    username_key: change.username?.key ?? record.username_key,
    first_name: change.firstName ?? record.first_name,
    last_name: change.lastName ?? record.last_name,
    profile: profile === undefined ? record.profile : JSON.stringify(profile.to),
  });
  return yield* find(run, change.id);
}

export function* renewHash(run: Run, change: Parameters<AccountStore['renewHash']>[0]): Sentence<boolean> {
  const { hash, scheme } = change.to;
  return (yield* row(run, replacePassword, { id: change.id, from: change.from, hash, scheme })) !== null;
}

/** Moves the account's gate and the sessions' with it, and notes why, unless that was noted already. */
export function* moveGate(run: Run, record: AccountRecord, gate: Gate, kind: HistoryKind | null): Sentence<Voided> {
  yield* rows(run, updateGate, { id: record.account.id, ...gateColumns(gate) });
  if (kind !== null) yield* note(run, { kind, accountId: record.account.id });
  const { ended } = yield* raise(run, gate);
  if (run.sessions === 'apart') yield* noteHandover(run, gate);
  const { state, roles } = gate;
  return { record: { ...record, account: { ...record.account, state, roles }, gate }, ended };
}

export function* changePassword(
  run: Run,
  change: Parameters<AccountStore['changePassword']>[0],
): Sentence<Voided | Over | null> {
  const over = yield* overBy(run, change.by, change.id);
  if (over !== null) return over;
  const record = yield* find(run, change.id);
  if (record === null || record.gate.state !== 'active') return null;
  yield* rows(run, updatePassword, { id: change.id, ...change.to });
  yield* noteOwnPassword(run, change.id);
  yield* voidAll(run, change.id, 'reset-password');
  yield* putOutbox(run, change.outbox);
  const gate = voidedGate(record.gate, { reason: 'password_changed', kept: change.kept });
  return yield* moveGate(run, record, gate, 'password_changed');
}

export function* issueLinks(run: Run, { links, outbox }: Parameters<AccountStore['issueLinks']>[0]): Sentence<void> {
  yield* putAllOnce(run, links);
  yield* putOutbox(run, outbox);
}

export function* hasLink(run: Run, { id, ...link }: Parameters<AccountStore['hasLink']>[0]): Sentence<boolean> {
  const good = yield* peek(run, link);
  return good !== null && good.accountId === id;
}

export function* resetPassword(run: Run, reset: Parameters<AccountStore['resetPassword']>[0]): Sentence<Voided | null> {
  const { id, link } = reset;
  const record = yield* find(run, id);
  if (record === null || record.gate.state !== 'active') return null;
  const isGood =
    link instanceof Uint8Array
      ? yield* hasLink(run, { id, purpose: 'reset-password', hash: link })
      : record.passwordHash === link.whilePasswordIs;
  if (!isGood) return null;
  yield* voidAll(run, reset.id, 'reset-password');
  // Whoever signed in before is out by this: what those mails tell of is dealt with.
  yield* voidAll(run, reset.id, 'not-me');
  yield* rows(run, updatePassword, { id: reset.id, ...reset.to });
  yield* noteOwnPassword(run, reset.id);
  if (!record.account.emailVerified) {
    yield* noteRemoved(run, reset.id, yield* rows(run, deleteCredentials, { id: reset.id }));
  }
  yield* putOutbox(run, reset.outbox);
  const gate = voidedGate(record.gate, { reason: 'password_changed', kept: null });
  return yield* moveGate(run, record, gate, 'password_reset');
}

function* noteRemoved(run: Run, accountId: AccountId, removed: readonly { readonly kind: string }[]): Sentence<void> {
  for (const { kind } of removed) yield* note(run, { kind: 'credential_removed', accountId, data: { kind } });
}

export function* verifyEmail(run: Run, hash: Uint8Array): Sentence<AccountRecord | null> {
  const link = yield* spend(run, { purpose: 'verify-email', hash });
  if (link === null || link.accountId === null) return null;
  if ((yield* row(run, selectVerified, { address_key: link.data })) !== null) return null;
  const address = yield* row(run, verifyAddress, { account_id: link.accountId, address_key: link.data });
  if (address === null) return null;
  yield* note(run, { kind: 'email_verified', accountId: link.accountId });
  return yield* find(run, link.accountId);
}

export function* claimEmail(
  run: Run,
  { id, link: hash, reset, outbox }: Parameters<AccountStore['claimEmail']>[0],
): Sentence<Voided | null> {
  const link = { purpose: 'claim-email', hash } as const;
  const kept = yield* peek(run, link);
  const record = yield* find(run, id);
  if (kept === null || kept.accountId !== id || record === null || record.gate.state !== 'active') return null;
  const { account, key } = JSON.parse(kept.data) as ClaimedEmail;
  if (account !== id || (yield* row(run, selectVerified, { address_key: key })) !== null) return null;
  const address = yield* row(run, verifyAddress, { account_id: id, address_key: key });
  if (address === null) return null;
  for (const purpose of MAILED) yield* voidAll(run, id, purpose);
  yield* rows(run, clearPassword, { id });
  yield* noteOwnPassword(run, id);
  yield* noteRemoved(run, id, yield* rows(run, deleteCredentials, { id }));
  // What they are called was said by whoever made the account.
  yield* forgetKnown(run, id);
  yield* putOnce(run, reset, id);
  yield* putOutbox(run, outbox);
  yield* note(run, { kind: 'email_verified', accountId: id });
  const after = yield* find(run, id);
  if (after === null) throw new Error('An account was changed and is not there.');
  return yield* moveGate(run, after, voidedGate(record.gate, { reason: 'revoked', kept: null }), null);
}

export function* beginEmailChange(
  run: Run,
  { id, by, link, outbox }: Parameters<AccountStore['beginEmailChange']>[0],
): Sentence<AccountRecord | Over | null> {
  const over = yield* overBy(run, by, id);
  if (over !== null) return over;
  const record = yield* find(run, id);
  if (record === null || record.gate.state !== 'active') return null;
  yield* voidAll(run, id, 'change-email');
  yield* putOnce(run, link, id);
  yield* putOutbox(run, outbox);
  return record;
}

export function* confirmEmailChange(
  run: Run,
  { id, link: hash, undo, outbox }: Parameters<AccountStore['confirmEmailChange']>[0],
): Sentence<AccountRecord | null> {
  const link = { purpose: 'change-email', hash } as const;
  const kept = yield* peek(run, link);
  const record = yield* find(run, id);
  if (kept === null || kept.accountId !== id || record === null) return null;
  const pending = JSON.parse(kept.data) as PendingEmail;
  if (!isStillMeant(pending, record.gate) || !(yield* isFreeFor(run, pending))) return null;
  yield* spend(run, link);
  yield* replaceEmail(run, pending);
  if (undo !== null) yield* putOnce(run, undo, id);
  yield* putOutbox(run, outbox);
  yield* note(run, { kind: 'email_changed', accountId: id });
  return yield* find(run, id);
}

export function* undoEmailChange(
  run: Run,
  { id, link: hash, reset, outbox }: Parameters<AccountStore['undoEmailChange']>[0],
): Sentence<Voided | null> {
  const link = { purpose: 'undo-email', hash } as const;
  const kept = yield* peek(run, link);
  const record = yield* find(run, id);
  if (kept === null || kept.accountId !== id || record === null) return null;
  const former = JSON.parse(kept.data) as FormerEmail;
  if (!(yield* isFreeFor(run, former))) return null;
  // Whoever had the address after this one must not take this back; whoever had it before still may.
  yield* voidLater(run, id, link);
  yield* spend(run, link);
  yield* replaceEmail(run, former);
  yield* rows(run, clearPassword, { id });
  yield* noteOwnPassword(run, id);
  yield* noteRemoved(run, id, yield* rows(run, deleteWaysIn, { id }));
  yield* noteRemoved(run, id, yield* rows(run, deleteNewerSteps, { id, since: former.since }));
  yield* putOnce(run, reset, id);
  yield* putOutbox(run, outbox);
  const after = yield* find(run, id);
  if (after === null) throw new Error('An account was changed and is not there.');
  const gate = voidedGate(record.gate, { reason: 'revoked', kept: null });
  return yield* moveGate(run, after, gate, 'email_change_undone');
}

export function* disownSession(
  run: Run,
  { id, link: hash, reset, outbox }: Parameters<AccountStore['disownSession']>[0],
): Sentence<Voided | null> {
  const kept = yield* peek(run, { purpose: 'not-me', hash });
  const record = yield* find(run, id);
  if (kept === null || kept.accountId !== id || record === null || record.gate.state !== 'active') return null;
  const { session, since } = JSON.parse(kept.data) as DisownedSession;
  for (const purpose of MAILED) yield* voidAll(run, id, purpose);
  yield* rows(run, clearPassword, { id });
  yield* noteOwnPassword(run, id);
  yield* noteRemoved(run, id, yield* rows(run, deleteNewer, { id, since }));
  yield* putOnce(run, reset, id);
  yield* putOutbox(run, outbox);
  yield* note(run, { kind: 'session_disowned', accountId: id, data: { session } });
  const after = yield* find(run, id);
  if (after === null) throw new Error('An account was changed and is not there.');
  return yield* moveGate(run, after, voidedGate(record.gate, { reason: 'revoked', kept: null }), null);
}

function* isFreeFor(run: Run, { account, key }: ClaimedEmail): Sentence<boolean> {
  const holder = yield* row(run, selectVerified, { address_key: key });
  return holder === null || holder.account_id === account;
}

/** What was mailed to the address that an account has. */
export const MAILED: readonly OncePurpose[] = [
  'verify-email',
  'claim-email',
  'reset-password',
  'mail-sign-in',
  'change-email',
  'not-me',
];

/** Its one address from now on, which whoever has it has confirmed. */
function* replaceEmail(run: Run, { account, address, key }: ClaimedEmail): Sentence<void> {
  for (const purpose of MAILED) yield* voidAll(run, account, purpose);
  yield* rows(run, deleteEmails, { account_id: account });
  yield* rows(run, insertEmail, { account_id: account, address, address_key: key, verified: 1 });
}

export function* setState(
  run: Run,
  { id, state }: Parameters<AccountStore['setState']>[0],
): Sentence<(Voided & { readonly isChanged: boolean }) | null> {
  const record = yield* find(run, id);
  if (record === null) return null;
  if (record.gate.state === state) {
    // Whoever changed it may still wait to be heard.
    run.moved(id);
    return { record, ended: [], isChanged: false };
  }
  yield* voidAll(run, id, 'reset-password');
  const gate = voidedGate(record.gate, { reason: 'account_disabled', kept: null, state });
  const kind = state === 'active' ? 'account_reactivated' : 'account_suspended';
  return { ...(yield* moveGate(run, record, gate, kind)), isChanged: true };
}

export function* setRoles(
  run: Run,
  { id, roles, demandedOf }: Parameters<AccountStore['setRoles']>[0],
): Sentence<Voided | null> {
  const record = yield* find(run, id);
  if (record === null) return null;
  const { gate } = record;
  const voids = isNewlyDemanded({ demandedOf }, { from: gate.roles, to: roles });
  const moved = voids ? voidedGate(gate, { reason: 'revoked', kept: null }) : { ...gate, revision: gate.revision + 1 };
  return yield* moveGate(run, record, { ...moved, roles }, 'roles_changed');
}

export function* signOutEverywhere(
  run: Run,
  { id, by, kept }: Parameters<AccountStore['signOutEverywhere']>[0],
): Sentence<Voided | Over | null> {
  const over = yield* overBy(run, by, id);
  if (over !== null) return over;
  const record = yield* find(run, id);
  if (record === null) return null;
  const gate = voidedGate(record.gate, { reason: 'revoked', kept });
  return yield* moveGate(run, record, gate, 'signed_out_everywhere');
}

export function* close(run: Run, { id, by }: Parameters<AccountStore['close']>[0]): Sentence<Voided | Over | null> {
  const over = yield* overBy(run, by, id);
  if (over !== null) return over;
  const record = yield* find(run, id);
  if (record === null) return null;
  const gate = voidedGate(record.gate, { reason: 'account_disabled', kept: null, state: 'closed' });
  const closed = yield* moveGate(run, record, gate, 'account_closed');
  yield* rows(run, deleteLinks, { id });
  yield* rows(run, deleteAccount, { id });
  yield* forgetSessionDevices(run, id);
  yield* forgetAll(run, id);
  yield* forgetImported(run, id);
  return closed;
}

export function* resetSecondStep(
  run: Run,
  { id, outbox }: Parameters<AccountStore['resetSecondStep']>[0],
): Sentence<(Voided & { readonly removed: number }) | null> {
  const record = yield* find(run, id);
  if (record === null) return null;
  const steps = (yield* rows(run, deleteSecondSteps, { id })).length;
  // They may be second steps, and are lost with the phone that the app was on. Without a password they are the way in.
  const passkeys = record.passwordHash === null ? 0 : (yield* rows(run, deletePasskeys, { id })).length;
  const removed = steps + passkeys;
  if (removed === 0) return { record, ended: [] as readonly Session[], removed };
  yield* putOutbox(run, outbox);
  const gate = voidedGate(record.gate, { reason: 'credential_removed', kept: null });
  return { ...(yield* moveGate(run, record, gate, 'second_step_reset')), removed };
}

/** Hops from one scheme to the next along the index: a few look-ups, however many accounts there are. */
export function* hashSchemes(run: Run): Sentence<readonly string[]> {
  const schemes: string[] = [];
  for (;;) {
    const found = yield* row(run, selectNextScheme, { after: schemes.at(-1) ?? '' });
    if (found === null || found.password_scheme === null) return schemes;
    schemes.push(found.password_scheme);
  }
}
