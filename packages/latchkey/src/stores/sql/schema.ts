import type { Generated } from 'kysely';

/** The tables, as the query builder sees them. Times are milliseconds since 1970; lists and records are JSON text. */
export type Schema = {
  account: AccountTable;
  email: EmailTable;
  gate: GateTable;
  session: SessionTable;
  device: DeviceTable;
  credential: CredentialTable;
  once: OnceTable;
  counter: CounterTable;
  mark: MarkTable;
  outbox: OutboxTable;
  history: HistoryTable;
  setting: SettingTable;
  handover: HandoverTable;
  imported: ImportedTable;
  imported_email: ImportedEmailTable;
  imported_key: ImportedKeyTable;
  imported_id: ImportedIdTable;
  exported: ExportedTable;
  sqlite_sequence: SqliteSequenceTable;
};

type GateColumns = {
  state: string;
  roles: string;
  revision: number;
  valid_from: number;
  kept: string | null;
  reason: string;
};

type AccountTable = GateColumns & {
  id: Generated<number>;
  username: string;
  username_key: string;
  first_name: string;
  last_name: string;
  profile: string;
  password_hash: string | null;
  password_scheme: string | null;
  created_at: number;
};

type EmailTable = {
  account_id: number;
  address: string;
  address_key: string;
  verified: number;
  is_primary: number;
};

type GateTable = GateColumns & {
  account_id: number;
  last_sequence: number;
};

type SessionTable = {
  token_hash: Uint8Array;
  id: string;
  account_id: number;
  sequence: number;
  device_id: string | null;
  device_class: string;
  device_name: string;
  method: string;
  opened_at: number;
  authenticated_at: number;
  seen_at: number;
  expires_at: number;
  opened_revision: number;
  roles: string;
  ended_at: number | null;
  ended_reason: string | null;
  ended_by: string | null;
  ended_by_class: string | null;
  ended_by_name: string | null;
  place: string | null;
  client: string | null;
  /** JSON. */
  binding: string | null;
};

type DeviceTable = {
  account_id: number;
  id: string;
  class: string;
  name: string;
  label: string | null;
  first_seen_at: number;
  last_seen_at: number;
  /** When its owner was told of it; null where nobody was. */
  mailed_at: number | null;
};

type CredentialTable = {
  id: string;
  account_id: number;
  kind: string;
  label: string;
  data: Uint8Array;
  created_at: number;
  last_used_at: number | null;
};

type OnceTable = {
  hash: Uint8Array;
  purpose: string;
  account_id: number | null;
  data: string;
  created_at: number;
  expires_at: number;
};

type CounterTable = {
  key: string;
  count: number;
  resets_at: number;
};

type MarkTable = {
  hash: Uint8Array;
  expires_at: number;
};

type OutboxTable = {
  id: Generated<number>;
  topic: string;
  payload: Uint8Array;
  created_at: number;
  due_at: number | null;
  attempts: number;
  error: string | null;
};

type HistoryTable = {
  id: Generated<number>;
  at: number;
  kind: string;
  account_id: number;
  session_id: string | null;
  data: string;
  /** PostgreSQL's alone (see `postgres/positions.ts`). In SQLite the id is the position. */
  position: Generated<number | null>;
};

/** Gates that are to reach sessions which are kept elsewhere. */
type HandoverTable = {
  account_id: number;
  revision: number;
  due_at: number;
};

type SettingTable = {
  name: string;
  value: string;
};

/** Accounts that came along from elsewhere. A row stays when its account is closed, so that it does not come along again. */
type ImportedTable = {
  account_id: number;
  source: string;
  /** JSON; `''` where it is to be looked at anew. */
  prints: string;
  /** JSON. */
  origin: string;
  own_password: number;
};

/** Addresses by the numbers that their source knows them by. */
type ImportedEmailTable = {
  number: number;
  account_id: number;
  address_key: string;
};

/** Keys and browser sessions that came along. */
type ImportedKeyTable = {
  token_hash: Uint8Array;
  account_id: number;
  session_id: string;
  kind: string;
};

/** The numbers of accounts whose source has none. */
type ImportedIdTable = {
  source: string;
  source_id: string;
  /** In PostgreSQL the next of the accounts' counter, where nothing else is given. */
  account_id: Generated<number>;
};

/** Accounts that were made here, and that an export has made in Django. They stay noted when the account is closed. */
type ExportedTable = {
  account_id: number;
};

/** SQLite's own: the last number that each table has given. */
type SqliteSequenceTable = {
  name: string;
  seq: number;
};
