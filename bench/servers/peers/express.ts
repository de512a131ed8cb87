/**
 * The same route in Express: bare, or under express-session as its manual sets it up for production, with its sessions in
 * SQLite (better-sqlite3-session-store) or in its own memory store.
 */
import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import Database from 'better-sqlite3';
import sqliteStore from 'better-sqlite3-session-store';
import express, { type Express } from 'express';
import session from 'express-session';
import { ready } from '../../harness/answers.ts';
import { answerFor, HEADERS, PATH } from '../answer.ts';

const [, , kind = 'bare', path = '', credentials = '', sessions = '0'] = process.argv;

const SECRET = 'a secret that is only here to measure with';
const LIFETIME_MS = 30 * 86_400_000;

declare module 'express-session' {
  interface SessionData {
    account: number;
  }
}

const app = express();
app.disable('x-powered-by');
app.use((_, response, next) => {
  response.set(HEADERS);
  next();
});
if (kind === 'bare') {
  app.get(PATH, (_, response) => void response.json(answerFor(7)));
} else {
  underSessions(app);
}
const server = app.listen(0, '127.0.0.1', () => ready((server.address() as AddressInfo).port));

function underSessions(app: Express): void {
  const store = kind === 'sqlite' ? onSqlite() : new session.MemoryStore();
  writeFileSync(credentials, JSON.stringify(fill(store, Number(sessions))));
  app.set('trust proxy', 1);
  app.use(
    session({
      store,
      secret: SECRET,
      resave: false,
      saveUninitialized: false,
      cookie: { secure: true, sameSite: 'lax', maxAge: LIFETIME_MS },
    }),
  );
  app.get(PATH, (request, response) => {
    const { account } = request.session;
    if (account === undefined) response.status(401).json({ message: 'not signed in' });
    else response.json(answerFor(account));
  });
}

function onSqlite(): session.Store {
  const client = new Database(path);
  client.pragma('journal_mode = WAL');
  return new (sqliteStore(session))({ client });
}

/** People with a session each, kept by the store itself; returns what their clients send. */
function fill(store: session.Store, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => {
    const id = createHmac('sha256', SECRET).update(`session ${index}`).digest('base64url').slice(0, 32);
    const expires = new Date(Date.now() + LIFETIME_MS);
    const cookie = {
      originalMaxAge: LIFETIME_MS,
      maxAge: LIFETIME_MS,
      expires,
      secure: true,
      httpOnly: true,
      path: '/',
    };
    store.set(id, { account: index + 1, cookie } as session.SessionData);
    const signature = createHmac('sha256', SECRET).update(id).digest('base64').replace(/=+$/, '');
    return `Cookie: connect.sid=${encodeURIComponent(`s:${id}.${signature}`)}`;
  });
}
