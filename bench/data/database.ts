/** Databases with many sessions in them, written directly: the door would take a hash and a commit for each. */
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { newSessionId, newSessionToken } from '../../packages/latchkey/src/crypto/token.ts';
import { latchkey } from '../../packages/latchkey/src/index.ts';
import { onFile, type Place, productionOptions } from './place.ts';
import { FIRST_COPY } from './tokens.ts';

export type Filled = {
  readonly path: string;
  /** Tokens that are in it, from all over it. */
  readonly tokens: readonly string[];
};

/** Everybody's. */
export const PASSWORD = 'tr1cky-enough';

/** How many of the tokens are used: they lie on more pages than SQLite keeps in memory. */
const USED = 100_000;

const A_MINUTE_MS = 60_000;

/**
 * A database with `count` accounts, each signed in on one device. The first is made by Latchkey itself, the others are copies
 * of its rows under other names and tokens. Sessions were last seen within the last minute.
 */
export async function fillDatabase(path: string, count: number, said: (done: number) => void): Promise<Filled> {
  await signUpAndIn(onFile(path));
  const db = new DatabaseSync(path);
  db.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -524288; BEGIN');
  const copyAccount = accountCopier(db);
  const copy = {
    gate: copier(db, 'gate'),
    session: copier(db, 'session'),
    history: copier(db, 'history'),
  };
  const now = Date.now();
  const every = Math.max(1, Math.floor(count / USED));
  const tokens: string[] = [];
  for (let id = 2; id <= count + 1; id++) {
    const { token, hash } = newSessionToken(id);
    const session = newSessionId();
    copyAccount(id);
    copy.gate({ account_id: id });
    const seenAt = now - Math.floor(Math.random() * A_MINUTE_MS);
    copy.session({ token_hash: hash, id: session, account_id: id, device_id: session.slice(4), seen_at: seenAt });
    copy.history({ id: null, account_id: id, session_id: session });
    if (id % every === 0) tokens.push(token);
    if (id % 20_000 === 0) said(id);
  }
  db.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)');
  db.close();
  return { path, tokens };
}

/** The accounts alone, for a file whose sessions are elsewhere: copies of the one that is there. */
export function copyAccounts(path: string, count: number): void {
  const db = new DatabaseSync(path);
  db.exec('PRAGMA synchronous = OFF; BEGIN');
  const copy = accountCopier(db);
  for (let id = FIRST_COPY; id < FIRST_COPY + count; id++) copy(id);
  db.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)');
  db.close();
}

function accountCopier(db: DatabaseSync): (id: number) => void {
  const [account, email] = [copier(db, 'account'), copier(db, 'email')];
  return (id) => {
    const name = nameOf(id);
    account({ id, username: name, username_key: name });
    email({ account_id: id, address: `${name}@school.example`, address_key: `${name}@school.example` });
  };
}

/** Names are of one length, so that requests are. */
export function nameOf(account: number): string {
  return `person${String(account).padStart(8, '0')}`;
}

/** Leaves the first account and its session, as the library makes them. */
export async function signUpAndIn(place: Place): Promise<void> {
  const auth = await latchkey(productionOptions(place));
  const username = nameOf(1);
  await auth.accounts.create({ username, email: `${username}@school.example`, password: PASSWORD });
  const answer = await auth.handler(
    new Request('https://accounts.example/auth/login/', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': BROWSER },
      body: JSON.stringify({ username, password: PASSWORD }),
    }),
    { address: '127.0.0.1' },
  );
  await auth.close();
  if (answer.status !== 200) throw new Error(`The first sign-in was answered by ${answer.status}.`);
}

const BROWSER =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36';

type Columns = Readonly<Record<string, SQLInputValue>>;

/** Writes the newest row of a table again, with other values where they are given. */
function copier(db: DatabaseSync, table: string): (changes: Columns) => void {
  const order = table === 'email' || table === 'session' ? 'account_id' : 'rowid';
  const pattern = db.prepare(`SELECT * FROM ${table} ORDER BY ${order} DESC LIMIT 1`).get();
  if (pattern === undefined) throw new Error(`There is nothing in ${table} to copy.`);
  const columns = Object.keys(pattern);
  const insert = db.prepare(`INSERT INTO ${table} (${columns}) VALUES (${columns.map(() => '?')})`);
  return (changes) => {
    insert.run(...columns.map((column) => (column in changes ? changes[column] : pattern[column]) ?? null));
  };
}
