/**
 * The tables, step by step. A step that was released is never changed: what comes later is a step of its own. Steps only add,
 * or are split over two releases, so that an older node can run beside a newer one.
 */
export type Migration = { readonly number: number; readonly name: string; readonly sql: string };

export const migrations: readonly Migration[] = [
  {
    number: 1,
    name: 'accounts, sessions and what goes with them',
    sql: `
      CREATE TABLE account (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        username TEXT NOT NULL,
        username_key TEXT NOT NULL UNIQUE,
        first_name TEXT NOT NULL,
        last_name TEXT NOT NULL,
        profile TEXT NOT NULL,
        password_hash TEXT,
        password_scheme TEXT,
        state TEXT NOT NULL CHECK (state IN ('active', 'suspended', 'closed')),
        roles TEXT NOT NULL,
        revision INTEGER NOT NULL,
        valid_from INTEGER NOT NULL,
        kept TEXT,
        reason TEXT NOT NULL,
        created_at INTEGER NOT NULL
      ) STRICT;
      CREATE INDEX account_password_scheme ON account (password_scheme);

      CREATE TABLE email (
        account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
        address TEXT NOT NULL,
        address_key TEXT NOT NULL,
        verified INTEGER NOT NULL,
        is_primary INTEGER NOT NULL,
        PRIMARY KEY (account_id, address_key)
      ) STRICT, WITHOUT ROWID;
      CREATE UNIQUE INDEX email_verified ON email (address_key) WHERE verified = 1;
      CREATE UNIQUE INDEX email_primary ON email (account_id) WHERE is_primary = 1;
      CREATE INDEX email_address ON email (address_key);

      CREATE TABLE credential (
        id TEXT PRIMARY KEY,
        account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
        kind TEXT NOT NULL,
        label TEXT NOT NULL,
        data BLOB NOT NULL,
        created_at INTEGER NOT NULL,
        last_used_at INTEGER
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX credential_account ON credential (account_id, kind);

      CREATE TABLE gate (
        account_id INTEGER PRIMARY KEY,
        state TEXT NOT NULL,
        roles TEXT NOT NULL,
        revision INTEGER NOT NULL,
        valid_from INTEGER NOT NULL,
        kept TEXT,
        reason TEXT NOT NULL,
        last_sequence INTEGER NOT NULL
      ) STRICT;

      CREATE TABLE session (
        token_hash BLOB PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        account_id INTEGER NOT NULL,
        sequence INTEGER NOT NULL,
        device_id TEXT,
        device_class TEXT NOT NULL,
        device_name TEXT NOT NULL,
        method TEXT NOT NULL,
        opened_at INTEGER NOT NULL,
        authenticated_at INTEGER NOT NULL,
        seen_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL,
        opened_revision INTEGER NOT NULL,
        roles TEXT NOT NULL,
        ended_at INTEGER,
        ended_reason TEXT,
        ended_by TEXT,
        ended_by_class TEXT,
        ended_by_name TEXT,
        CHECK ((ended_at IS NULL) = (ended_reason IS NULL))
      ) STRICT, WITHOUT ROWID;
      CREATE UNIQUE INDEX session_sequence ON session (account_id, sequence);
      CREATE INDEX session_not_ended ON session (account_id, sequence) WHERE ended_at IS NULL;
      CREATE INDEX session_ended ON session (ended_at) WHERE ended_at IS NOT NULL;
      CREATE INDEX session_expires ON session (expires_at);

      CREATE TABLE once (
        hash BLOB PRIMARY KEY,
        purpose TEXT NOT NULL,
        account_id INTEGER,
        data TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX once_account ON once (account_id, purpose);
      CREATE INDEX once_expires ON once (expires_at);

      CREATE TABLE counter (
        key TEXT PRIMARY KEY,
        count INTEGER NOT NULL,
        resets_at INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX counter_resets ON counter (resets_at);

      CREATE TABLE outbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        topic TEXT NOT NULL,
        payload BLOB NOT NULL,
        created_at INTEGER NOT NULL,
        due_at INTEGER,
        attempts INTEGER NOT NULL,
        error TEXT
      ) STRICT;
      CREATE INDEX outbox_due ON outbox (due_at) WHERE due_at IS NOT NULL;

      CREATE TABLE history (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL,
        kind TEXT NOT NULL,
        account_id INTEGER NOT NULL,
        session_id TEXT,
        data TEXT NOT NULL
      ) STRICT;
      CREATE INDEX history_account ON history (account_id, id);
      CREATE INDEX history_kind ON history (kind, id);

      CREATE TABLE setting (
        name TEXT PRIMARY KEY,
        value TEXT NOT NULL
      ) STRICT, WITHOUT ROWID;
    `,
  },
  {
    number: 2,
    name: 'where a session was opened',
    sql: 'ALTER TABLE session ADD COLUMN place TEXT',
  },
  {
    number: 3,
    name: 'what has to reach sessions that are kept elsewhere',
    sql: `
      CREATE TABLE handover (
        account_id INTEGER PRIMARY KEY,
        revision INTEGER NOT NULL,
        due_at INTEGER NOT NULL
      ) STRICT;
      CREATE INDEX handover_due ON handover (due_at);
    `,
  },
  {
    number: 4,
    name: 'by what a session was opened, and the key that it is bound to',
    sql: `
      ALTER TABLE session ADD COLUMN client TEXT;
      ALTER TABLE session ADD COLUMN binding TEXT;
    `,
  },
  {
    number: 5,
    name: 'what must not be shown twice',
    sql: `
      CREATE TABLE mark (
        hash BLOB PRIMARY KEY,
        expires_at INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX mark_expires ON mark (expires_at);
    `,
  },
  {
    number: 6,
    name: 'the devices that accounts know',
    sql: `
      CREATE TABLE device (
        account_id INTEGER NOT NULL,
        id TEXT NOT NULL,
        class TEXT NOT NULL,
        name TEXT NOT NULL,
        label TEXT,
        first_seen_at INTEGER NOT NULL,
        last_seen_at INTEGER NOT NULL,
        mailed_at INTEGER,
        PRIMARY KEY (account_id, id)
      ) STRICT, WITHOUT ROWID;
    `,
  },
  {
    number: 7,
    name: 'what came along from elsewhere',
    sql: `
      CREATE TABLE imported (
        account_id INTEGER PRIMARY KEY,
        prints TEXT NOT NULL,
        origin TEXT NOT NULL,
        own_password INTEGER NOT NULL
      ) STRICT;

      CREATE TABLE imported_email (
        number INTEGER PRIMARY KEY,
        account_id INTEGER NOT NULL,
        address_key TEXT NOT NULL
      ) STRICT;
      CREATE INDEX imported_email_account ON imported_email (account_id);

      CREATE TABLE imported_key (
        token_hash BLOB PRIMARY KEY,
        account_id INTEGER NOT NULL,
        session_id TEXT NOT NULL,
        kind TEXT NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX imported_key_account ON imported_key (account_id);
    `,
  },
  {
    number: 8,
    name: 'where accounts came along from, and the numbers of those that had none there',
    sql: `
      ALTER TABLE imported ADD COLUMN source TEXT NOT NULL DEFAULT 'django';
      CREATE TABLE imported_id (
        source TEXT NOT NULL,
        source_id TEXT NOT NULL,
        account_id INTEGER NOT NULL UNIQUE,
        PRIMARY KEY (source, source_id)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX imported_id_number ON imported_id (source, account_id);
    `,
  },
  {
    number: 9,
    name: 'accounts that an export has made in Django',
    sql: 'CREATE TABLE exported (account_id INTEGER PRIMARY KEY) STRICT;',
  },
];
