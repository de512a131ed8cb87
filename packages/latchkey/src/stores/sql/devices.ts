/** The sentences about the devices that accounts know, for any SQL database. */
import type { Selectable } from 'kysely';
import type { AccountId } from '../../model/account.ts';
import { type AccountDevice, type Device, type DeviceClass, MOST_DEVICES } from '../../model/device.ts';
import { type DisownedSession, NOT_ME_MS } from '../../model/takeover.ts';
import { type Arrival, DEVICE_MAILS, DEVICE_MAILS_MS, type OutboxItem } from '../store.ts';
import { firstOpened, forgetDevices as forgetInHistory } from './history.ts';
import { put as putOnce } from './once.ts';
import { put as putOutbox } from './outbox.ts';
import type { Schema } from './schema.ts';
import { define, type Run, rows, type Sentence } from './statement.ts';

const see = define<{ account_id: number; id: string; class: string; name: string; at: number }>('devices.see')(
  (db, arg) =>
    db
      .updateTable('device')
      .set({ class: arg.class, name: arg.name, last_seen_at: arg.at })
      .where('account_id', '=', arg.account_id)
      .where('id', '=', arg.id)
      .returning('id'),
);

/** Does nothing where it is known. */
export const insert = define<{
  account_id: number;
  id: string;
  class: string;
  name: string;
  at: number;
  mailed_at: number | null;
}>('devices.insert')((db, arg) =>
  db
    .insertInto('device')
    .values({
      account_id: arg.account_id,
      id: arg.id,
      class: arg.class,
      name: arg.name,
      label: null,
      first_seen_at: arg.at,
      last_seen_at: arg.at,
      mailed_at: arg.mailed_at,
    })
    .onConflict((conflict) => conflict.columns(['account_id', 'id']).doNothing()),
);

const selectAll = define<{ account_id: number }>('devices.selectAll')((db, arg) =>
  db
    .selectFrom('device')
    .selectAll()
    .where('account_id', '=', arg.account_id)
    .orderBy('last_seen_at', 'desc')
    .orderBy('first_seen_at', 'desc')
    .orderBy('id'),
);

const remove = define<{ account_id: number; id: string }>('devices.remove')((db, arg) =>
  db.deleteFrom('device').where('account_id', '=', arg.account_id).where('id', '=', arg.id),
);

const removeAll = define<{ account_id: number }>('devices.removeAll')((db, arg) =>
  db.deleteFrom('device').where('account_id', '=', arg.account_id),
);

/** A session that was opened just now: when, and on what. */
export type Seen = {
  readonly accountId: number;
  readonly sessionId: string;
  readonly device: Device;
  readonly at: number;
  readonly arrival: Arrival | null;
};

/**
 * Notes the device that a session was opened on, after history was told of it, and puts the mail of its arrival into the outbox.
 * What has no id cannot be told from others of its kind.
 */
export function* noteSeen(run: Run, seen: Seen): Sentence<void> {
  const { accountId: account_id, device, at } = seen;
  const { id } = device;
  if (id === null) return;
  const columns = { account_id, id, class: device.class, name: device.name, at };
  if ((yield* rows(run, see, columns)).length > 0) return;
  const known = yield* rows(run, selectAll, { account_id });
  for (const one of known.slice(MOST_DEVICES - 1)) yield* rows(run, remove, { account_id, id: one.id });
  const mail = yield* mailOf(run, seen, known);
  yield* rows(run, insert, { ...columns, mailed_at: mail === null ? null : run.now });
  if (mail === null) return;
  yield* putOutbox(run, [mail]);
  const { accountId: account, sessionId: session, arrival } = seen;
  const hash = arrival?.disown ?? null;
  if (hash === null) return;
  const disowned: DisownedSession = { account: account as AccountId, session, since: at };
  const link = { purpose: 'not-me', hash, lifetimeMs: NOT_ME_MS, data: JSON.stringify(disowned) } as const;
  yield* putOnce(run, link, account_id);
}

/** What its owner is told of it, by what they were told lately; null for the first device that an account ever had. */
function* mailOf(
  run: Run,
  { accountId, sessionId, arrival }: Seen,
  known: readonly Pick<DeviceRow, 'mailed_at'>[],
): Sentence<OutboxItem | null> {
  if (arrival === null) return null;
  if (known.length === 0 && (yield* firstOpened(run, accountId)) === sessionId) return null;
  const since = run.now - DEVICE_MAILS_MS;
  const told = known.filter(({ mailed_at }) => mailed_at !== null && mailed_at > since).length;
  if (told > DEVICE_MAILS) return null;
  return told === DEVICE_MAILS ? arrival.last : arrival.mail;
}

type DeviceRow = Selectable<Schema['device']>;

function deviceOf(found: DeviceRow): AccountDevice {
  return {
    id: found.id,
    class: found.class as DeviceClass,
    name: found.name,
    label: found.label,
    firstSeenAt: found.first_seen_at,
    lastSeenAt: found.last_seen_at,
  };
}

export function* list(run: Run, accountId: number): Sentence<readonly AccountDevice[]> {
  return (yield* rows(run, selectAll, { account_id: accountId })).map(deviceOf);
}

/** Forgets an account's devices, and takes what is known of them out of its history. */
export function* forgetAll(run: Run, accountId: number): Sentence<void> {
  yield* forget(run, accountId);
  yield* forgetInHistory(run, accountId);
}

/** Forgets an account's devices alone. */
export function* forget(run: Run, accountId: number): Sentence<void> {
  yield* rows(run, removeAll, { account_id: accountId });
}
