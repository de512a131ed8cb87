/** The sentences about sessions and their gate, for any SQL database. */
import { type Gate, isWithinGate } from '../../model/account.ts';
import { asPlace, decideAdmission } from '../../model/admission.ts';
import { type DeviceSummary, UNKNOWN_DEVICE } from '../../model/device.ts';
import type { EndReason } from '../../model/reasons.ts';
import { type Session, sessionState } from '../../model/session.ts';
import type { Admit, Admitted, By, Over, Reauthenticated, SessionStore, ShownAgain } from '../store.ts';
import { noteSeen } from './devices.ts';
import { noteEnded, noteOpened } from './history.ts';
import { gateColumns, gateOf, sessionColumns, sessionOf } from './records.ts';
import { get as getSetting } from './settings.ts';
import { spendAll, spendAndTell } from './spends.ts';
import { define, each, free, type Run, row, rows, type Sentence } from './statement.ts';

/** The setting that holds the fingerprint of the rule in force. */
export const RULE = 'session_rule';

type GateArgs = {
  account_id: number;
  state: string;
  roles: string;
  revision: number;
  valid_from: number;
  kept: string | null;
  reason: string;
};

const insertGate = define<GateArgs>('sessions.insertGate')((db, arg) =>
  db
    .insertInto('gate')
    .values({
      account_id: arg.account_id,
      state: arg.state,
      roles: arg.roles,
      revision: arg.revision,
      valid_from: arg.valid_from,
      kept: arg.kept,
      reason: arg.reason,
      last_sequence: 0,
    })
    .onConflict((conflict) => conflict.column('account_id').doNothing()),
);

const selectGate = define<{ account_id: number }>('sessions.selectGate')((db, arg) =>
  db.selectFrom('gate').selectAll().where('account_id', '=', arg.account_id),
);

const updateGate = define<GateArgs>('sessions.updateGate')((db, arg) =>
  db
    .updateTable('gate')
    .set({
      state: arg.state,
      roles: arg.roles,
      revision: arg.revision,
      valid_from: arg.valid_from,
      kept: arg.kept,
      reason: arg.reason,
    })
    .where('account_id', '=', arg.account_id),
);

const nextSequence = define<{ account_id: number }>('sessions.nextSequence')((db, arg) =>
  db
    .updateTable('gate')
    .set((eb) => ({ last_sequence: eb('last_sequence', '+', 1) }))
    .where('account_id', '=', arg.account_id)
    .returning('last_sequence'),
);

/** The hot statement: one look-up by primary key. */
export const selectByToken = define<{ token_hash: Uint8Array }>('sessions.selectByToken')((db, arg) =>
  db.selectFrom('session').select(sessionColumns).where('token_hash', '=', arg.token_hash),
);

/** As above for a sentence: the rows of the hot one come as lists. */
const selectHolder = define<{ token_hash: Uint8Array }>('sessions.selectHolder')((db, arg) =>
  db.selectFrom('session').selectAll().where('token_hash', '=', arg.token_hash),
);

const selectById = define<{ id: string }>('sessions.selectById')((db, arg) =>
  db.selectFrom('session').selectAll().where('id', '=', arg.id),
);

const selectEndedBy = define<{ ended_by: string; account_id: number }>('sessions.selectEndedBy')((db, arg) =>
  db
    .selectFrom('session')
    .selectAll()
    .where('account_id', '=', arg.account_id)
    .where('ended_by', '=', arg.ended_by)
    .orderBy('sequence'),
);

const selectNotEnded = define<{ account_id: number }>('sessions.selectNotEnded')((db, arg) =>
  db
    .selectFrom('session')
    .selectAll()
    .where('account_id', '=', arg.account_id)
    .where('ended_at', 'is', null)
    .orderBy('sequence', 'desc'),
);

const insertSession = define<{
  token_hash: Uint8Array;
  id: string;
  account_id: number;
  sequence: number;
  device_id: string | null;
  device_class: string;
  device_name: string;
  place: string | null;
  client: string | null;
  binding: string | null;
  method: string;
  now: number;
  authenticated_at: number;
  expires_at: number;
  opened_revision: number;
  roles: string;
}>('sessions.insertSession')((db, arg) =>
  db
    .insertInto('session')
    .values({
      token_hash: arg.token_hash,
      id: arg.id,
      account_id: arg.account_id,
      sequence: arg.sequence,
      device_id: arg.device_id,
      device_class: arg.device_class,
      device_name: arg.device_name,
      place: arg.place,
      client: arg.client,
      binding: arg.binding,
      method: arg.method,
      opened_at: arg.now,
      authenticated_at: arg.authenticated_at,
      seen_at: arg.now,
      expires_at: arg.expires_at,
      opened_revision: arg.opened_revision,
      roles: arg.roles,
      ended_at: null,
      ended_reason: null,
      ended_by: null,
      ended_by_class: null,
      ended_by_name: null,
    })
    .returningAll(),
);

const endLive = define<{
  id: string;
  now: number;
  reason: string;
  by: string | null;
  by_class: string | null;
  by_name: string | null;
}>('sessions.endLive')((db, arg) =>
  db
    .updateTable('session')
    .set({
      ended_at: arg.now,
      ended_reason: arg.reason,
      ended_by: arg.by,
      ended_by_class: arg.by_class,
      ended_by_name: arg.by_name,
    })
    .where('id', '=', arg.id)
    .where('ended_at', 'is', null)
    .returningAll(),
);

const renewLive = define<{ id: string; now: number }>('sessions.renewLive')((db, arg) =>
  db
    .updateTable('session')
    .set({ authenticated_at: arg.now })
    .where('id', '=', arg.id)
    .where('ended_at', 'is', null)
    .returningAll(),
);

const bindUnbound = define<{ id: string; binding: string }>('sessions.bindUnbound')((db, arg) =>
  db
    .updateTable('session')
    .set({ binding: arg.binding })
    .where('id', '=', arg.id)
    .where('ended_at', 'is', null)
    .where('binding', 'is', null)
    .returningAll(),
);

const refreshRoles = define<{ account_id: number; roles: string }>('sessions.refreshRoles')((db, arg) =>
  db
    .updateTable('session')
    .set({ roles: arg.roles })
    .where('account_id', '=', arg.account_id)
    .where('ended_at', 'is', null)
    .where('roles', '!=', arg.roles),
);

const removeDevices = define<{ account_id: number; name: string }>('sessions.removeDevices')((db, arg) =>
  db
    .updateTable('session')
    .set((eb) => ({
      device_id: null,
      device_name: arg.name,
      place: null,
      binding: null,
      ended_by_name: eb.case().when('ended_by_name', 'is', null).then(null).else(arg.name).end(),
    }))
    .where('account_id', '=', arg.account_id),
);

/** A row that is being changed is left alone: its session ends, or somebody else notes the same. */
const touchLive = define<{ token_hash: Uint8Array; now: number; idle_since: number }>('sessions.touchLive')(
  (db, arg, dialect) =>
    db
      .updateTable('session')
      .set({ seen_at: arg.now })
      .where('token_hash', 'in', (eb) =>
        free(
          eb
            .selectFrom('session')
            .select('token_hash')
            .where('token_hash', '=', arg.token_hash)
            .where('ended_at', 'is', null)
            .where('seen_at', '>', arg.idle_since)
            .where('seen_at', '<', arg.now),
          dialect,
        ),
      ),
);

const purgeEnded = define<{ before: number; limit: number }>('sessions.purgeEnded')((db, arg, dialect) =>
  db
    .deleteFrom('session')
    .where('token_hash', 'in', (eb) =>
      free(eb.selectFrom('session').select('token_hash').where('ended_at', '<=', arg.before).limit(arg.limit), dialect),
    )
    .returning('id'),
);

const purgeExpired = define<{ before: number; limit: number }>('sessions.purgeExpired')((db, arg, dialect) =>
  db
    .deleteFrom('session')
    .where('token_hash', 'in', (eb) =>
      free(
        eb.selectFrom('session').select('token_hash').where('expires_at', '<=', arg.before).limit(arg.limit),
        dialect,
      ),
    )
    .returning('id'),
);

export function* admit(run: Run, input: Admit): Sentence<Admitted> {
  const inForce = yield* getSetting(run, RULE);
  if (inForce !== null && inForce !== input.rule) return { kind: 'rule_mismatch', inForce };

  const { gate } = yield* raise(run, input.gate);
  const before = yield* firstResult(run, input);
  if (before !== null) return before;
  const holder = yield* row(run, selectHolder, { token_hash: input.session.tokenHash });
  if (holder !== null) return ofHeldToken(run, input, sessionOf(holder));

  const { live, over } = yield* notEnded(run, input);
  const { device, client } = input.session;
  const verdict = decideAdmission(gate, live.map(asPlace), {
    proofRevision: input.gate.revision,
    newcomer: { deviceId: device.id, class: device.class, client },
    limits: input.limits,
    whenFull: input.whenFull,
    ends: input.ends,
    holdsBack: input.holdsBack ?? false,
    goesFirst: input.goesFirst ?? null,
    approvedBy: input.approvedBy ?? null,
  });
  if (verdict.kind === 'void') return verdict;

  if (!(yield* spendAndTell(run, input))) return { kind: 'spent' };
  yield* endAll(run, over, { reason: 'expired', by: null });
  if (verdict.kind === 'held') return verdict;
  if (verdict.kind === 'full') {
    const among = new Set(verdict.among.map(({ id }) => id));
    const bySequence = live.filter(({ id }) => among.has(id)).toReversed();
    return { kind: 'full', among: bySequence, least: verdict.least, now: run.now };
  }
  const by = { session: input.session.id, device: input.session.device };
  const replaced = yield* endAll(run, verdict.replaced, { reason: 'displaced', by, isReplaced: true });
  const displaced = yield* endAll(run, verdict.displaced, { reason: 'displaced', by });
  const isTold = displaced.length > 0 && input.arrival?.isToldOtherwise === true;
  const session = yield* open(run, isTold ? { ...input, arrival: null } : input, gate);
  return { kind: 'admitted', session, replaced, displaced };
}

export function* admitAll(run: Run, inputs: readonly Admit[]): Sentence<readonly Admitted[]> {
  const outcomes: Admitted[] = [];
  for (const input of inputs) outcomes.push(yield* admit(run, input));
  return outcomes;
}

/** The account's sessions that hold a place, and those that only time has ended: they must not come back when a lifetime is raised. */
function* notEnded(
  run: Run,
  input: Admit,
): Sentence<{ readonly live: readonly Session[]; readonly over: readonly Session[] }> {
  const sessions = (yield* rows(run, selectNotEnded, { account_id: input.gate.accountId })).map(sessionOf);
  const isLive = (session: Session): boolean => sessionState(session, input, run.now).live;
  return { live: sessions.filter(isLive), over: sessions.filter((session) => !isLive(session)) };
}

/** A token is of one session for ever. Only a key from elsewhere is brought along twice. */
function ofHeldToken(run: Run, input: Admit, session: Session): Admitted {
  const isTheirs = session.accountId === input.gate.accountId && sessionState(session, input, run.now).live;
  return isTheirs ? { kind: 'admitted', session, replaced: [], displaced: [] } : { kind: 'token_used' };
}

/** What an earlier call with the same session id brought about, or null. */
function* firstResult(run: Run, input: Admit): Sentence<Admitted | null> {
  const found = yield* row(run, selectById, { id: input.session.id });
  if (found === null) return null;
  const session = sessionOf(found);
  const ended = yield* rows(run, selectEndedBy, { account_id: session.accountId, ended_by: session.id });
  const isSameDevice = (other: Session): boolean => other.device.id !== null && other.device.id === session.device.id;
  const endings = ended.map(sessionOf);
  // Who asks again must wait as whoever asked first.
  if (endings.length > 0) run.moved(session.accountId);
  return {
    kind: 'admitted',
    session,
    replaced: endings.filter(isSameDevice),
    displaced: endings.filter((other) => !isSameDevice(other)),
  };
}

function* open(run: Run, input: Admit, gate: Gate): Sentence<Session> {
  const { session } = input;
  const counted = yield* row(run, nextSequence, { account_id: gate.accountId });
  const opened = yield* row(run, insertSession, {
    token_hash: session.tokenHash,
    id: session.id,
    account_id: gate.accountId,
    sequence: counted?.last_sequence ?? 0,
    device_id: session.device.id,
    device_class: session.device.class,
    device_name: session.device.name,
    place: session.place,
    client: session.client,
    binding: session.binding === null ? null : JSON.stringify(session.binding),
    method: session.method,
    now: run.now,
    authenticated_at: session.isFresh ? run.now : 0,
    expires_at: run.now + session.lifetimeMs,
    opened_revision: gate.revision,
    roles: JSON.stringify(gate.roles),
  });
  if (opened === null) throw new Error('A session was inserted and is not there.');
  const record = sessionOf(opened);
  yield* noteOpened(run, record, session);
  const { id: sessionId, accountId, device } = record;
  yield* noteSeen(run, { sessionId, accountId, device, at: run.now, arrival: input.arrival ?? null });
  return record;
}

/**
 * Hands a gate over: the higher revision replaces the one that is there, ends each session opened below `validFrom` except
 * `kept`, and shows its roles to the rest. Returns the gate that holds now.
 */
export function* raise(run: Run, given: Gate): Sentence<{ readonly gate: Gate; readonly ended: readonly Session[] }> {
  const args = { account_id: given.accountId, ...gateColumns(given) };
  yield* rows(run, insertGate, args);
  const found = yield* row(run, selectGate, { account_id: given.accountId });
  if (found === null) throw new Error('A gate was inserted and is not there.');
  const held = gateOf(given.accountId, found);
  if (held.revision >= given.revision) return { gate: held, ended: [] };

  yield* rows(run, updateGate, args);
  run.moved(given.accountId);
  const sessions = (yield* rows(run, selectNotEnded, { account_id: given.accountId })).map(sessionOf);
  const outside = sessions.filter((session) => !isWithinGate(given, session));
  const ended = yield* endAll(run, outside, { reason: given.reason, by: null });
  yield* rows(run, refreshRoles, { account_id: given.accountId, roles: args.roles });
  return { gate: given, ended };
}

type EndCause = {
  readonly reason: EndReason;
  readonly by: { readonly session: string; readonly device: DeviceSummary } | null;
  readonly isReplaced?: true;
};

function* endAll(run: Run, victims: readonly { readonly id: string }[], cause: EndCause): Sentence<readonly Session[]> {
  const how = {
    now: run.now,
    reason: cause.reason,
    by: cause.by?.session ?? null,
    by_class: cause.by?.device.class ?? null,
    by_name: cause.by?.device.name ?? null,
  };
  const list = victims.map(({ id }) => ({ id, ...how }));
  const ended = (yield* each(run, endLive, list)).flat().map(sessionOf);
  yield* noteEnded(run, ended, cause.isReplaced === true);
  for (const { accountId } of ended) run.moved(accountId);
  return ended;
}

/** Takes what is known of devices out of an account's sessions, which stay to tell their holders why they ended. */
export function* forgetDevices(run: Run, accountId: number): Sentence<void> {
  yield* rows(run, removeDevices, { account_id: accountId, name: UNKNOWN_DEVICE.name });
}

export function* touch(run: Run, { tokens, idleMs }: Parameters<SessionStore['touch']>[0]): Sentence<void> {
  const times = { now: run.now, idle_since: run.now - idleMs };
  const list = tokens.map(({ hash }) => ({ token_hash: hash, ...times }));
  yield* each(run, touchLive, list);
}

/** The gate that was handed over last; null where none was. */
export function* gateHeld(run: Run, accountId: number): Sentence<Gate | null> {
  const found = yield* row(run, selectGate, { account_id: accountId });
  return found === null ? null : gateOf(accountId, found);
}

/**
 * Whether the session on whose behalf something of an account is to be changed is over, and why; null where it is not, and for
 * an operator. Of a session that is kept apart it is known here what voided it with others.
 */
export function* overBy(run: Run, by: By, accountId: number): Sentence<Over | null> {
  if (by === null) return null;
  if (run.sessions === 'apart') {
    const gate = yield* gateHeld(run, accountId);
    return gate === null || isWithinGate(gate, by) ? null : { over: gate.reason };
  }
  const found = yield* row(run, selectById, { id: by.id });
  // What was purged had expired or ended long before.
  if (found === null) return { over: 'expired' };
  const { ending } = sessionOf(found);
  return ending === null ? null : { over: ending.reason };
}

export function* end(
  run: Run,
  { accountId, sessionId, by, reason }: Parameters<SessionStore['end']>[0],
): Sentence<Awaited<ReturnType<SessionStore['end']>>> {
  // Its own end is no change of anything else: asked for twice, it was done.
  const over = by?.id === sessionId ? null : yield* overBy(run, by, accountId);
  if (over !== null) return over;
  const found = yield* row(run, selectById, { id: sessionId });
  if (found === null || found.account_id !== accountId) return null;
  const [ended] = yield* endAll(run, [{ id: sessionId }], { reason, by: null });
  // Announced even where it had ended: whoever ended it may still wait to be heard.
  run.moved(accountId);
  return { session: ended ?? sessionOf(found), isEndedNow: ended !== undefined };
}

export function* reauthenticate(run: Run, { by, gate, spends }: ShownAgain): Sentence<Reauthenticated | Over> {
  const found = yield* row(run, selectById, { id: by.id });
  // What was purged had expired or ended long before.
  if (found === null || found.account_id !== gate.accountId) return { over: 'expired' };
  const { ending } = sessionOf(found);
  if (ending !== null) return { over: ending.reason };
  const held = yield* gateHeld(run, gate.accountId);
  if (held === null || held.state !== 'active' || gate.revision < held.validFrom) return { kind: 'void' };
  if (!(yield* spendAll(run, spends))) return { kind: 'spent' };
  const renewed = yield* row(run, renewLive, { id: by.id, now: run.now });
  if (renewed === null) throw new Error('A session was found and is not there.');
  return { kind: 'reauthenticated', session: sessionOf(renewed) };
}

export function* bind(
  run: Run,
  { by, accountId, binding }: Parameters<SessionStore['bind']>[0],
): Sentence<Awaited<ReturnType<SessionStore['bind']>>> {
  const found = yield* row(run, selectById, { id: by.id });
  if (found === null || found.account_id !== accountId) return null;
  const { ending } = sessionOf(found);
  if (ending !== null) return { over: ending.reason };
  const bound = yield* row(run, bindUnbound, { id: by.id, binding: JSON.stringify(binding) });
  // Announced even where it was bound: whoever bound it may still wait to be heard.
  run.moved(accountId);
  return bound === null ? null : sessionOf(bound);
}

export function* list(run: Run, accountId: number): Sentence<Awaited<ReturnType<SessionStore['list']>>> {
  const found = yield* rows(run, selectNotEnded, { account_id: accountId });
  return { sessions: found.map(sessionOf), now: run.now };
}

export function* purge(run: Run, { keepMs, limit }: Parameters<SessionStore['purge']>[0]): Sentence<number> {
  const before = run.now - keepMs;
  const ended = yield* rows(run, purgeEnded, { before, limit });
  if (ended.length >= limit) return ended.length;
  const expired = yield* rows(run, purgeExpired, { before, limit: limit - ended.length });
  return ended.length + expired.length;
}
