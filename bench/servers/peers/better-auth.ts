/**
 * The host app under better-auth's check, as its manual sets it up: `getSession` with the request's headers in a middleware,
 * SQLite by `node:sqlite` (which it is quicker on than on better-sqlite3), tables and indexes of its own migration.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { type BetterAuthOptions, betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { serveUnder } from '../hono-host.ts';

const [, , path = '', credentials = '', sessions = '0', cache = 'none'] = process.argv;

const SECRET = 'a secret that is only here to measure with';
const DAY_MS = 86_400_000;

const database = new DatabaseSync(path);
database.exec('PRAGMA journal_mode = WAL');
const options = {
  database,
  secret: SECRET,
  baseURL: 'https://accounts.example',
  emailAndPassword: { enabled: true },
  telemetry: { enabled: false },
  ...(cache === 'cookie-cache' && { session: { cookieCache: { enabled: true, maxAge: 5 * 60 } } }),
} satisfies BetterAuthOptions;
const auth = betterAuth(options);
await (await getMigrations(options)).runMigrations();

const cookies = fill(Number(sessions));
writeFileSync(credentials, JSON.stringify(cache === 'cookie-cache' ? await withCachedData(cookies) : cookies));

serveUnder(async (context, next) => {
  const session = await auth.api.getSession({ headers: context.req.raw.headers });
  if (session === null) return context.json({ message: 'not signed in' }, 401);
  context.set('account', session.user.id);
  return await next();
});

/** People with a session each, as its sign-in leaves them; returns what their clients send. */
function fill(count: number): readonly string[] {
  const user = database.prepare('INSERT INTO "user" VALUES (?, ?, ?, 1, NULL, ?, ?)');
  const session = database.prepare('INSERT INTO "session" VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
  const now = new Date().toISOString();
  const expires = new Date(Date.now() + 7 * DAY_MS).toISOString();
  database.exec('BEGIN');
  const made = Array.from({ length: count }, () => {
    const [userId, id, token] = [newId(), newId(), newId()];
    user.run(userId, 'Ann Example', `${userId}@school.example`.toLowerCase(), now, now);
    session.run(id, expires, token, now, now, '127.0.0.1', 'Mozilla/5.0', userId);
    const signature = createHmac('sha256', SECRET).update(token).digest('base64');
    return `Cookie: __Secure-better-auth.session_token=${encodeURIComponent(`${token}.${signature}`)}`;
  });
  database.exec('COMMIT');
  return made;
}

/** 32 letters, as its own ids and tokens have. */
function newId(): string {
  return randomBytes(24).toString('base64url').replaceAll('-', 'x').replaceAll('_', 'y');
}

/** What a client holds after its first request: the session's data as a signed cookie of five minutes. */
async function withCachedData(headers: readonly string[]): Promise<readonly string[]> {
  const some = headers.slice(0, 2_000);
  return await Promise.all(
    some.map(async (header) => {
      const cookie = header.slice('Cookie: '.length);
      const { headers: answered } = await auth.api.getSession({
        headers: new Headers({ cookie }),
        returnHeaders: true,
      });
      const data = answered.getSetCookie().find((set) => set.includes('session_data='));
      if (data === undefined) throw new Error('better-auth set no cookie with the session’s data.');
      return `${header}; ${data.split(';')[0]}`;
    }),
  );
}
