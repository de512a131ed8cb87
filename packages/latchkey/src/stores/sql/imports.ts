/** The sentences about accounts that come along from elsewhere: a batch is taken over in a few rounds, however many it has. */
import { type AccountId, type Gate, voidedGate } from '../../model/account.ts';
import type { Credential } from '../../model/credential.ts';
import {
  type Here,
  type ImportNote,
  type ImportPlan,
  type NameHolder,
  type Origin,
  type Prints,
  planImport,
  type SourceAccount,
  type SourceName,
  settleNames,
  type Takes,
} from '../../model/import.ts';
import { isNewlyDemanded } from '../../model/second-step.ts';
import type {
  AccountRecord,
  ExportedAccount,
  ImportBatch,
  ImportDone,
  Imported,
  ImportedKey,
  ImportedOrigin,
  ImportStore,
  Range,
} from '../store.ts';
import { close, find, MAILED, moveGate } from './accounts.ts';
import { forgetAllotted } from './allotted-numbers.ts';
import { note, noteAll } from './history.ts';
import * as written from './import-rows.ts';
import { voidAll } from './once.ts';
import { type AccountRow, accountRecordOf, credentialOf } from './records.ts';
import { each, type Run, row, rows, type Sentence } from './statement.ts';

/** What is known here of a batch before it is taken over. */
type Known = {
  readonly there: ReadonlyMap<AccountId, AccountRow>;
  readonly imported: ReadonlyMap<AccountId, Noted>;
};

type Noted = { readonly source: string; readonly here: Here['imported']; readonly origin: ImportedOrigin | null };

/** An account, and what is to be done about it. */
type Task = { readonly source: SourceAccount; readonly plan: ImportPlan; readonly notes: ImportNote[] };

/** What a task comes to once it is clear who gets what. */
type Work = Task & {
  readonly isCreated: boolean;
  readonly takes: Takes;
  /** null where its own stays. */
  readonly username: { readonly name: string; readonly key: string } | null;
  /** Whether it is to be looked at anew next time, since a part of it did not come along. */
  readonly isPartial: boolean;
};

export function* accounts(run: Run, batch: ImportBatch): Sentence<ImportDone> {
  const known = yield* lookAt(run, batch);
  const missing = missingFrom(batch, known);
  const gone = batch.isWhole ? missing : [];
  const tasks = batch.accounts.map((source): Task => {
    const noted = known.imported.get(source.id);
    const isAnothers = noted !== undefined && noted.source !== batch.source;
    const here = { isThere: known.there.has(source.id), isAnothers, imported: noted?.here ?? null };
    return { source, plan: planImport(source, here), notes: [] };
  });
  const moving = tasks.filter(({ plan }) => plan.kind === 'create' || plan.kind === 'change');
  const names = yield* namesFor(run, batch, { moving, known, gone });
  const works = moving.flatMap((task) => workOf(task, names.granted, known));
  const addresses = yield* addressesFor(run, batch, { works, gone });
  const credentials = yield* credentialsFor(run, works, known);
  const done = { accounts: [...outcomesOf(tasks, works), ...missing.map((id) => leftOf(id, batch))] };
  if (batch.isLook) return { ...done, gates: [] };

  const gates: Gate[] = [];
  for (const id of gone) gates.push(...(yield* remove(run, id)));
  const later = [...names.parked].filter((id) => id > batch.upTo);
  yield* each(
    run,
    written.park,
    [...names.parked].map((id) => ({ id, key: `moving ${id}` })),
  );
  yield* each(run, written.release, addresses.released);
  const anew = [...later, ...addresses.released.map(({ account_id }) => account_id)];
  yield* each(
    run,
    written.lookAnew,
    anew.map((account_id) => ({ account_id })),
  );
  yield* writeAccounts(run, works);
  yield* writeAddresses(run, works, addresses.verified);
  yield* writeCredentials(run, works, { known, credentials });
  const moved = new Map<AccountId, Gate>();
  for (const work of works) {
    if (work.isCreated) continue;
    const own = yield* moveGateOf(run, work, batch.demandedOf);
    gates.push(...own);
    for (const gate of own) moved.set(gate.accountId, gate);
  }
  yield* noteImported(run, works, { known, moved, from: batch.source });
  return { ...done, gates };
}

/** Who came along from there and is there no more. */
function missingFrom({ source, accounts, unread }: ImportBatch, { there, imported }: Known): readonly AccountId[] {
  const given = new Set([...unread, ...accounts.map(({ id }) => id)]);
  return [...imported].flatMap(([id, noted]) =>
    noted.source === source && !given.has(id) && there.has(id) ? [id] : [],
  );
}

function leftOf(id: AccountId, { isWhole }: ImportBatch): Imported {
  return { id, what: isWhole ? 'removed' : 'missing', notes: [] };
}

function outcomesOf(tasks: readonly Task[], works: readonly Work[]): readonly Imported[] {
  const done = new Map(works.map((work) => [work.source.id, work]));
  return tasks.map(({ source: { id }, plan, notes }): Imported => {
    if (plan.kind === 'refused') return { id, what: 'refused', notes: [plan.why] };
    const work = done.get(id);
    if (plan.kind === 'same' || work === undefined)
      return { id, what: plan.kind === 'same' ? 'same' : 'refused', notes };
    const isChanged = Object.values(work.takes).some((isTaken) => isTaken);
    return { id, what: work.isCreated ? 'created' : isChanged ? 'changed' : 'same', notes };
  });
}

function* lookAt(run: Run, { after, upTo }: Range): Sentence<Known> {
  const there = yield* rows(run, written.selectThere, { after, up_to: upTo });
  const imported = yield* rows(run, written.selectImported, { after, up_to: upTo });
  return {
    there: new Map(there.map((found) => [found.id, found])),
    imported: new Map(
      imported.map(({ account_id, source, prints, origin, own_password }) => [
        account_id,
        {
          source,
          here: { prints: prints === '' ? null : (JSON.parse(prints) as Prints), hasOwnPassword: own_password === 1 },
          origin: origin === '' ? null : (JSON.parse(origin) as ImportedOrigin),
        },
      ]),
    ),
  };
}

function* namesFor(
  run: Run,
  batch: ImportBatch,
  {
    moving,
    known,
    gone,
  }: { readonly moving: readonly Task[]; readonly known: Known; readonly gone: readonly AccountId[] },
): Sentence<ReturnType<typeof settleNames>> {
  const claims = moving
    .filter(
      ({ source, plan }) =>
        plan.kind === 'create' || (plan.kind === 'change' && plan.takes.account && known.there.has(source.id)),
    )
    .map(({ source }) => ({ id: source.id, key: source.usernameKey }))
    .filter(({ id, key }) => known.there.get(id)?.username_key !== key);
  const found = yield* each(
    run,
    written.selectNameHolder,
    claims.map(({ key }) => ({ key })),
  );
  const holders = new Map<string, NameHolder>();
  found.forEach(([holder], at) => {
    const key = claims[at]?.key;
    if (holder !== undefined && key !== undefined)
      holders.set(key, { id: holder.id, isImported: hasItsTurn(batch, holder.source) });
  });
  return settleNames(claims, holders, { upTo: batch.upTo, going: new Set(gone) });
}

/** Whether an account further on surely comes to its turn in this run: of a part of a source that is not known. */
function hasItsTurn({ source, isWhole }: ImportBatch, of: string | null): boolean {
  return isWhole && of === source;
}

/** Nothing of an account that is refused; of one whose new username is not free, all the rest. */
function workOf(task: Task, granted: ReadonlySet<AccountId>, { there }: Known): readonly Work[] {
  const { source, plan, notes } = task;
  const name = { name: source.username, key: source.usernameKey };
  const hasName = granted.has(source.id) || there.get(source.id)?.username_key === name.key;
  if (plan.kind === 'create') {
    if (!hasName) notes.push('username_taken');
    const takes = { account: true, addresses: true, rights: true, password: true, credentials: true };
    return hasName ? [{ ...task, isCreated: true, takes, username: name, isPartial: false }] : [];
  }
  if (plan.kind !== 'change') return [];
  notes.push(...plan.notes);
  const { takes } = plan;
  const isKept = takes.account && !hasName;
  if (isKept) notes.push('username_taken');
  return [{ ...task, isCreated: false, takes, username: takes.account && hasName ? name : null, isPartial: isKept }];
}

/** Closes an account that its source has no more. */
function* remove(run: Run, id: AccountId): Sentence<readonly Gate[]> {
  const closed = yield* close(run, { id, by: null });
  yield* rows(run, written.removeImported, { account_id: id });
  yield* forgetAllotted(run, id);
  return closed === null || 'over' in closed ? [] : [closed.record.gate];
}

type Addresses = {
  /** Who has an address verified, by its key. */
  readonly verified: ReadonlyMap<string, AccountId>;
  /** Those that a later account has to give up, whose own turn is still to come. */
  readonly released: readonly { readonly account_id: AccountId; readonly key: string }[];
};

/** Whose address is whose: two accounts never have one verified. */
function* addressesFor(
  run: Run,
  batch: ImportBatch,
  { works, gone }: { readonly works: readonly Work[]; readonly gone: readonly AccountId[] },
): Sentence<Addresses> {
  const changing = works.filter(({ takes }) => takes.addresses);
  const leaving = new Set([...changing.map(({ source }) => source.id), ...gone]);
  const claims = changing.flatMap(({ source, notes }) =>
    source.addresses.filter(({ verified }) => verified).map(({ key }) => ({ id: source.id, key, notes })),
  );
  const found = yield* each(
    run,
    written.selectAddressHolder,
    claims.map(({ key }) => ({ key })),
  );
  const verified = new Map<string, AccountId>();
  const released: { account_id: number; key: string }[] = [];
  claims.forEach(({ id, key, notes }, at) => {
    const holder = found[at]?.[0];
    const isLater = holder !== undefined && hasItsTurn(batch, holder.source) && holder.account_id > batch.upTo;
    const isFree = holder === undefined || leaving.has(holder.account_id) || isLater;
    if (!isFree || verified.has(key)) {
      notes.push('address_taken');
      return;
    }
    verified.set(key, id);
    if (isLater) released.push({ account_id: holder.account_id, key });
  });
  return { verified, released };
}

/** The credentials that may come along: what is somebody else's by now is not taken from them. */
function* credentialsFor(run: Run, works: readonly Work[], { imported }: Known): Sentence<ReadonlySet<string>> {
  const wanted = works.flatMap(({ source, takes, notes }) =>
    takes.credentials ? source.credentials.map(({ id }) => ({ id, account: source.id, notes })) : [],
  );
  const found = yield* each(
    run,
    written.selectCredential,
    wanted.map(({ id }) => ({ id })),
  );
  const granted = new Set<string>();
  wanted.forEach(({ id, account, notes }, at) => {
    const holder = found[at]?.[0];
    const cameAlong =
      holder?.account_id === account && imported.get(account)?.origin?.credentials.includes(id) === true;
    if ((holder !== undefined && !cameAlong) || granted.has(id)) notes.push('credential_taken');
    else granted.add(id);
  });
  return granted;
}

function* writeAccounts(run: Run, works: readonly Work[]): Sentence<void> {
  const created = works.filter(({ isCreated }) => isCreated);
  yield* each(
    run,
    written.insertAccount,
    created.map(({ source }) => ({
      ...{ id: source.id, username: source.username, username_key: source.usernameKey },
      ...namesOf(source),
      ...passwordOf(source),
      ...{ state: source.state, roles: JSON.stringify(source.roles), created_at: source.createdAt },
    })),
  );
  const last = created.at(-1);
  if (run.dialect === 'postgres' && last !== undefined) yield* rows(run, written.countOn, { id: last.source.id });
  yield* noteAll(
    run,
    created.map(({ source }) => ({ kind: 'account_created', accountId: source.id })),
  );
  const changed = works.filter(({ isCreated }) => !isCreated);
  yield* each(
    run,
    written.updateNames,
    changed.filter(({ takes }) => takes.account).map(({ source }) => ({ id: source.id, ...namesOf(source) })),
  );
  yield* each(
    run,
    written.updateUsername,
    changed.flatMap(({ source: { id }, username }) => (username === null ? [] : [{ id, ...username }])),
  );
  yield* each(
    run,
    written.updatePassword,
    changed.filter(({ takes }) => takes.password).map(({ source }) => ({ id: source.id, ...passwordOf(source) })),
  );
}

function* noteImported(
  run: Run,
  works: readonly Work[],
  given: { readonly known: Known; readonly moved: ReadonlyMap<AccountId, Gate>; readonly from: SourceName },
): Sentence<void> {
  const { known, moved, from } = given;
  yield* each(
    run,
    written.upsertImported,
    works.map(({ source, isPartial, plan }) => {
      const before = known.imported.get(source.id)?.origin ?? null;
      const provenAt = provenAtOf(known.there.get(source.id) ?? null, { before, moved: moved.get(source.id) ?? null });
      // What its password was is of use only while that is the one that is kept.
      const unusable =
        plan.kind === 'change' && !plan.takes.password ? (before?.unusable ?? '') : source.origin.unusable;
      return {
        account_id: source.id,
        source: from,
        prints: JSON.stringify(isPartial ? { ...source.prints, account: '' } : source.prints),
        origin: JSON.stringify({ ...source.origin, unusable, provenAt } satisfies ImportedOrigin),
      };
    }),
  );
}

/** What its source allows is proven here until something here voids it: what the import itself voids, its source has had its way with. */
function provenAtOf(
  there: AccountRow | null,
  { before, moved }: { readonly before: ImportedOrigin | null; readonly moved: Gate | null },
): number {
  if (there === null) return FIRST_REVISION;
  const provenAt = before?.provenAt ?? 0;
  return moved !== null && provenAt >= there.valid_from ? moved.revision : provenAt;
}

const FIRST_REVISION = 1;

function namesOf({ firstName, lastName, profile }: SourceAccount) {
  return { first_name: firstName, last_name: lastName, profile: JSON.stringify(profile) };
}

function passwordOf({ password }: SourceAccount) {
  return { password_hash: password?.hash ?? null, password_scheme: password?.scheme ?? null };
}

function* writeAddresses(run: Run, works: readonly Work[], verifiedBy: Addresses['verified']): Sentence<void> {
  const changing = works.filter(({ takes }) => takes.addresses);
  const known = changing.filter(({ isCreated }) => !isCreated).map(({ source }) => ({ account_id: source.id }));
  yield* each(run, written.removeEmails, known);
  yield* each(run, written.removeNumbers, known);
  for (const { account_id } of known) {
    for (const purpose of MAILED) yield* voidAll(run, account_id, purpose);
  }
  yield* each(
    run,
    written.insertEmail,
    changing.flatMap(({ source }) =>
      source.addresses.map(({ address, key, verified }, at) => ({
        ...{ account_id: source.id, address, address_key: key, is_primary: at === 0 ? 1 : 0 },
        verified: verified && verifiedBy.get(key) === source.id ? 1 : 0,
      })),
    ),
  );
  yield* each(
    run,
    written.insertNumber,
    changing.flatMap(({ source }) =>
      source.addresses.flatMap(({ key, number }) =>
        number === null ? [] : [{ number, account_id: source.id, address_key: key }],
      ),
    ),
  );
}

function* writeCredentials(
  run: Run,
  works: readonly Work[],
  { known, credentials }: { readonly known: Known; readonly credentials: ReadonlySet<string> },
): Sentence<void> {
  const changing = works.filter(({ takes }) => takes.credentials);
  const before = changing.flatMap(({ source: { id } }) =>
    (known.imported.get(id)?.origin?.credentials ?? []).map((credential) => ({ id: credential, account_id: id })),
  );
  yield* each(run, written.removeCredential, before);
  yield* each(
    run,
    written.insertCredential,
    changing.flatMap(({ source }) =>
      source.credentials
        .filter(({ id }) => credentials.has(id))
        .map((given) => ({ ...given, account_id: source.id, created_at: run.now })),
    ),
  );
}

/**
 * What the account allows has changed where it came from. A new password there voids what was opened here by the old one; keys and
 * browsers that came along go on, as they do there, until that has ended them itself.
 */
function* moveGateOf(
  run: Run,
  { source, takes }: Work,
  demandedOf: ImportBatch['demandedOf'],
): Sentence<readonly Gate[]> {
  const record = yield* find(run, source.id);
  if (record === null) return [];
  const gates: Gate[] = [];
  let { gate } = record;
  const move = function* (to: Gate, kind: Parameters<typeof moveGate>[3]): Sentence<void> {
    gate = (yield* moveGate(run, { ...record, gate }, to, kind)).record.gate;
    gates.push(gate);
  };
  if (takes.rights && gate.state !== source.state) {
    const to = voidedGate(gate, { reason: 'account_disabled', kept: null, state: source.state });
    yield* move(to, source.state === 'active' ? 'account_reactivated' : 'account_suspended');
  }
  if (takes.rights && JSON.stringify(gate.roles) !== JSON.stringify(source.roles)) {
    const voids = isNewlyDemanded({ demandedOf }, { from: gate.roles, to: source.roles });
    const moved = voids
      ? voidedGate(gate, { reason: 'revoked', kept: null })
      : { ...gate, revision: gate.revision + 1 };
    yield* move({ ...moved, roles: source.roles }, 'roles_changed');
  }
  if (takes.password) {
    const to = voidedGate(gate, { reason: 'password_changed', kept: null });
    // Where sessions are elsewhere they are spared there, before they are told.
    if (run.sessions === 'here') yield* rows(run, written.sparePasts, { account_id: source.id, revision: to.revision });
    yield* move(to, 'password_changed');
  }
  return gates;
}

export function* count(run: Run, source: SourceName): Sentence<number> {
  return Number((yield* row(run, written.countImported, { source }))?.count ?? 0);
}

/** The one source that there is a way back to, and that has mailed links. */
const DJANGO: SourceName = 'django';

export function* origin(run: Run, id: AccountId): Sentence<ImportedOrigin | null> {
  const found = yield* row(run, written.selectOrigin, { account_id: id, source: DJANGO });
  return found === null || found.origin === '' ? null : (JSON.parse(found.origin) as ImportedOrigin);
}

export function* verifyEmail(
  run: Run,
  { number, signedAt, lifetimeMs }: Parameters<ImportStore['verifyEmail']>[0],
): Sentence<AccountRecord | null> {
  if (Math.abs(run.now - signedAt) > lifetimeMs) return null;
  const found = yield* row(run, written.selectNumber, { number });
  if (found === null) return null;
  const { account_id, address_key } = found;
  if ((yield* row(run, written.selectAddressHolder, { key: address_key })) !== null) return null;
  if ((yield* row(run, written.verifyAddress, { account_id, address_key })) === null) return null;
  yield* note(run, { kind: 'email_verified', accountId: account_id });
  return yield* find(run, account_id);
}

function keyOf(found: {
  readonly token_hash: Uint8Array;
  readonly account_id: number;
  readonly session_id: string;
  readonly kind: string;
}): ImportedKey {
  return {
    hash: new Uint8Array(found.token_hash),
    accountId: found.account_id,
    sessionId: found.session_id,
    kind: found.kind as ImportedKey['kind'],
  };
}

export function* keys(run: Run, { after, upTo }: Range): Sentence<readonly ImportedKey[]> {
  return (yield* rows(run, written.selectKeys, { after, up_to: upTo })).map(keyOf);
}

export function* key(run: Run, hash: Uint8Array): Sentence<ImportedKey | null> {
  const found = yield* row(run, written.selectKey, { token_hash: hash });
  return found === null ? null : keyOf(found);
}

export function* noteKeys(run: Run, { add, remove: gone }: Parameters<ImportStore['noteKeys']>[0]): Sentence<void> {
  yield* each(
    run,
    written.removeKey,
    gone.map((token_hash) => ({ token_hash })),
  );
  yield* each(
    run,
    written.insertKey,
    add.map(({ hash, accountId, sessionId, kind }) => ({
      ...{ token_hash: hash, account_id: accountId, session_id: sessionId, kind },
    })),
  );
}

export function* page(
  run: Run,
  { after, limit }: Parameters<ImportStore['page']>[0],
): Sentence<readonly ExportedAccount[]> {
  const found = yield* rows(run, written.selectPage, { after, limit });
  const last = found.at(-1);
  if (last === undefined) return [];
  const range = { after, up_to: last.id };
  const emails = Map.groupBy(yield* rows(run, written.selectEmails, range), (one) => one.account_id);
  const credentials = Map.groupBy(yield* rows(run, written.selectCredentials, range), (one) => one.account_id);
  const imported = yield* rows(run, written.selectImported, range);
  const django = imported.filter(({ source }) => source === DJANGO);
  const origins = new Map(django.map((one) => [one.account_id, one.origin]));
  const exported = new Set((yield* rows(run, written.selectExported, range)).map((one) => one.account_id));
  return found.map((one): ExportedAccount => {
    const noted = origins.get(one.id) ?? '';
    return {
      record: accountRecordOf(one),
      addresses: (emails.get(one.id) ?? []).map(({ address, address_key, verified, is_primary, number }) => ({
        ...{ address, key: address_key, verified: verified === 1, isPrimary: is_primary === 1, number },
      })),
      credentials: (credentials.get(one.id) ?? []).map((each_): Credential => credentialOf(each_)),
      origin: noted === '' ? null : (JSON.parse(noted) as Origin),
      isKnownThere: origins.has(one.id) || exported.has(one.id),
    };
  });
}

export function* noteExported(run: Run, ids: readonly AccountId[]): Sentence<void> {
  yield* each(
    run,
    written.insertExported,
    ids.map((account_id) => ({ account_id })),
  );
}

export function* closed(
  run: Run,
  { after, limit }: Parameters<ImportStore['closed']>[0],
): Sentence<readonly AccountId[]> {
  const imported = yield* rows(run, written.selectClosed, { source: DJANGO, after, limit });
  const exported = yield* rows(run, written.selectExportedClosed, { after, limit });
  const all = new Set([...imported, ...exported].map(({ account_id }) => account_id));
  return [...all].sort((a, b) => a - b).slice(0, limit);
}
