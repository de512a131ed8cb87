/** Rows become records here, and nowhere else. */
import type { Selectable } from 'kysely';
import type { AccountState, Gate, Json, Profile } from '../../model/account.ts';
import type { Binding } from '../../model/binding.ts';
import type { Credential, CredentialKind } from '../../model/credential.ts';
import type { DeviceClass } from '../../model/device.ts';
import type { EndReason } from '../../model/reasons.ts';
import type { Ending, Session, SignInMethod } from '../../model/session.ts';
import { type AccountRecord, StoreUnavailable } from '../store.ts';
import type { Schema } from './schema.ts';

const NO_ROLES: readonly string[] = [];

function rolesOf(text: string): readonly string[] {
  return text === '[]' ? NO_ROLES : (parsed(text) as readonly string[]);
}

/** JSON as it is kept. What is no JSON was not written here: its row is ill, and no other. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new StoreUnavailable('A row of the database holds what cannot be read.', { cause: error });
  }
}

type GateRow = Pick<Selectable<Schema['gate']>, 'state' | 'roles' | 'revision' | 'valid_from' | 'kept' | 'reason'>;

export function gateOf(accountId: number, row: GateRow): Gate {
  return {
    accountId,
    state: row.state as AccountState,
    roles: rolesOf(row.roles),
    revision: row.revision,
    validFrom: row.valid_from,
    kept: row.kept,
    reason: row.reason as EndReason,
  };
}

/** A gate as columns; the names are the same in `account` and `gate`. */
export function gateColumns(gate: Gate): GateRow {
  return {
    state: gate.state,
    roles: JSON.stringify(gate.roles),
    revision: gate.revision,
    valid_from: gate.validFrom,
    kept: gate.kept,
    reason: gate.reason,
  };
}

export type AccountRow = Selectable<Schema['account']> & {
  readonly address: string | null;
  readonly verified: number | null;
};

export function accountRecordOf(row: AccountRow): AccountRecord {
  const gate = gateOf(row.id, row);
  return {
    account: {
      id: row.id,
      username: row.username,
      email: row.address ?? '',
      emailVerified: row.verified === 1,
      firstName: row.first_name,
      lastName: row.last_name,
      profile: parsed(row.profile) as Profile & { readonly [key: string]: Json },
      state: gate.state,
      roles: gate.roles,
      createdAt: row.created_at,
    },
    gate,
    passwordHash: row.password_hash,
  };
}

export function credentialOf(found: Selectable<Schema['credential']>): Credential {
  const { id, account_id, kind, label, data, created_at, last_used_at } = found;
  return {
    ...{ id, label },
    // One driver hands out a kind of array of its own.
    data: new Uint8Array(data),
    accountId: account_id,
    kind: kind as CredentialKind,
    createdAt: created_at,
    lastUsedAt: last_used_at,
  };
}

export type SessionRow = Omit<Selectable<Schema['session']>, 'token_hash'>;

/** The columns that a check reads, in their order. The hash is what it looks for: to read it back costs a fifth of the read. */
export const sessionColumns = [
  'id',
  'account_id',
  'sequence',
  'device_id',
  'device_class',
  'device_name',
  'method',
  'opened_at',
  'authenticated_at',
  'seen_at',
  'expires_at',
  'opened_revision',
  'roles',
  'ended_at',
  'ended_reason',
  'ended_by',
  'ended_by_class',
  'ended_by_name',
  'place',
  'client',
  'binding',
] as const satisfies readonly (keyof SessionRow)[];

type ValuesOf<Columns extends readonly (keyof SessionRow)[]> = {
  readonly [At in keyof Columns]: SessionRow[Columns[At]];
};

/** The values of `sessionColumns`, as a list. */
export type SessionValues = ValuesOf<typeof sessionColumns>;

/** As `sessionOf`, from a list: rows by name are dear to make and to read (`npm run bench -- check`). */
export function sessionOfValues([
  id,
  account_id,
  sequence,
  device_id,
  device_class,
  device_name,
  method,
  opened_at,
  authenticated_at,
  seen_at,
  expires_at,
  opened_revision,
  roles,
  ended_at,
  ended_reason,
  ended_by,
  ended_by_class,
  ended_by_name,
  place,
  client,
  binding,
]: SessionValues): Session {
  return sessionOf({
    id,
    account_id,
    sequence,
    device_id,
    device_class,
    device_name,
    method,
    opened_at,
    authenticated_at,
    seen_at,
    expires_at,
    opened_revision,
    roles,
    ended_at,
    ended_reason,
    ended_by,
    ended_by_class,
    ended_by_name,
    place,
    client,
    binding,
  });
}

export function sessionOf(row: SessionRow): Session {
  return {
    id: row.id,
    accountId: row.account_id,
    sequence: row.sequence,
    device: { id: row.device_id, class: row.device_class as DeviceClass, name: row.device_name },
    place: row.place,
    client: row.client,
    binding: row.binding === null ? null : (parsed(row.binding) as Binding),
    method: row.method as SignInMethod,
    openedAt: row.opened_at,
    authenticatedAt: row.authenticated_at,
    seenAt: row.seen_at,
    expiresAt: row.expires_at,
    openedRevision: row.opened_revision,
    roles: rolesOf(row.roles),
    ending: endingOf(row),
  };
}

function endingOf(row: SessionRow): Ending | null {
  if (row.ended_at === null) return null;
  return {
    reason: row.ended_reason as EndReason,
    at: row.ended_at,
    by: row.ended_by_name === null ? null : { name: row.ended_by_name, class: row.ended_by_class as DeviceClass },
    bySession: row.ended_by,
  };
}
