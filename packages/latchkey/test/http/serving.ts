/** A real server for a test: Latchkey on `node:http` at a free port, over a database file of its own. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { LatchkeyOptions } from 'latchkey';
import { linkIn } from 'latchkey/testing';
import { nodeHandler } from '../../src/server/node.ts';
import { openTest } from '../../src/testing/instance.ts';

export const PASSWORD = 'correct horse 9!';
export const OTHER_PASSWORD = 'battery staple 7?';

export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed where it is JSON; else null. */
  readonly body: unknown;
  readonly text: string;
};

export type Asked = {
  readonly method?: string;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as a form. */
  readonly form?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer> | FormData;
  readonly headers?: Readonly<Record<string, string>>;
  /** The key of a session, or an access token. */
  readonly key?: string;
};

export type TestServer = Awaited<ReturnType<typeof testServer>>;

/** Starts a server; `await using` stops it and removes its file. */
export async function testServer(options: LatchkeyOptions = {}, { settles } = { settles: true }) {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-http-'));
  const file = join(folder, 'test.db');
  const errors: unknown[] = [];
  const log = {
    info: () => undefined,
    warn: () => undefined,
    error: (details: object) => {
      errors.push('err' in details ? details.err : details);
    },
  };
  const opened = await openTest({ database: `sqlite:${file}`, log, ...options });
  const server = createServer(nodeHandler(opened.auth));
  const port = await listen(server);
  const reader = new DatabaseSync(file, { readOnly: true });
  const url = `http://127.0.0.1:${port}`;

  /** Waits for the work that outlives its request too, unless told not to: what is compared before and after must stand still. */
  const ask = async (path: string, asked: Asked = {}): Promise<Answer> => {
    const answer = await answerOf(url + path, asked);
    if (settles) await opened.auth.settle();
    return answer;
  };
  const post = (path: string, json: unknown, asked: Asked = {}): Promise<Answer> =>
    ask(path, { method: 'POST', json, ...asked });
  const keyFrom = async (path: string, json: unknown, asked: Asked): Promise<string> => {
    const { status, body } = await post(path, json, asked);
    const key = memberOf(body, 'key') || memberOf(body, 'access');
    if (key === '') throw new Error(`${path} gave no key, but ${status} ${JSON.stringify(body)}`);
    return key;
  };
  const mailsTo = async (address: string) => {
    await opened.auth.settle();
    return opened.mailbox.mails.filter(({ to }) => to === address);
  };
  const newestLink = async (address: string): Promise<URL> => new URL(linkIn((await mailsTo(address)).at(-1)));

  return {
    ...opened,
    file,
    url,
    port,
    /** What was logged as an error: a fault of the server. */
    errors,
    ask,
    post,
    /** Makes an account by `registration/` and returns its key. */
    register: (username: string, more: Readonly<Record<string, unknown>> = {}) =>
      keyFrom('/auth/registration/', { username, password1: PASSWORD, password2: PASSWORD, ...more }, {}),
    signIn: (username: string, headers: Readonly<Record<string, string>> = {}, password = PASSWORD) =>
      keyFrom('/auth/login/', { username, password }, { headers }),
    isLive: async (key: string) => (await ask('/auth/session/', { key })).status === 200,
    mailsTo,
    /** The key in the newest mail to an address that verifies it. */
    verifyKey: async (address: string) => (await newestLink(address)).pathname.split('/').at(-2) ?? '',
    /** Asks for a link to reset a password; what it carries. */
    async resetLink(address: string) {
      await post('/auth/password/reset/', { email: address });
      const { pathname } = await newestLink(address);
      const [uid = '', token = ''] = pathname.split('/').slice(-3);
      return { uid, token, pathname };
    },
    /** Breaks every connection, as a server that dies does. */
    breakConnections: () => server.closeAllConnections(),
    /** Writes bytes to a connection of its own and returns all that comes back until the server closes it. */
    raw: (bytes: string | Uint8Array) => exchange(port, bytes),
    rows: (sql: string, ...values: readonly (string | number)[]) => reader.prepare(sql).all(...values),
    /** Everything that is kept, as text: what is equal before and after was not written to. */
    contents: () => contentsOf(reader),
    /** How many rows there are, by table. */
    counts: () => countsOf(reader),
    /** Moves with every write, whatever it writes. */
    dataVersion: () => Number(reader.prepare('PRAGMA data_version').get()?.['data_version']),
    /** All bytes of the database and of its log, for what must not be among them. */
    bytes: () => Buffer.concat([file, `${file}-wal`].map((path) => readFileSync(path))),
    async [Symbol.asyncDispose]() {
      reader.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await opened.auth.close();
      rmSync(folder, { recursive: true });
    },
  };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function answerOf(url: string, { method, json, form, body, headers, key }: Asked): Promise<Answer> {
  const formText = form === undefined ? undefined : new URLSearchParams(form).toString();
  const sent = json === undefined ? (formText ?? body) : JSON.stringify(json);
  const response = await fetch(url, {
    method: method ?? 'GET',
    redirect: 'manual',
    headers: {
      ...(json !== undefined && { 'content-type': 'application/json' }),
      ...(form !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
      ...(key !== undefined && { authorization: authorizationOf(key) }),
      ...headers,
    },
    ...(sent !== undefined && { body: sent }),
  });
  const text = await textOf(response);
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true && text !== '';
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : null, text };
}

/** Of a stream, which does not end by itself, nothing. */
async function textOf(response: Response): Promise<string> {
  if (response.headers.get('content-type') !== 'text/event-stream') return await response.text();
  await response.body?.cancel();
  return '';
}

/** How a key goes with a request; an access token, which alone has dots, in its own way. */
export function authorizationOf(key: string): string {
  return `${key.includes('.') ? 'Bearer' : 'Token'} ${key}`;
}

/** A text member of a body; `''` where there is none. */
export function memberOf(body: unknown, name: string): string {
  const value: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined;
  return typeof value === 'string' ? value : '';
}

/** A cookie that an answer sets, whole; `''` where it sets none of that name. */
export function cookieIn(answer: Answer, name: string): string {
  return answer.headers.getSetCookie().find((cookie) => cookie.startsWith(`${name}=`)) ?? '';
}

/** A cookie that an answer sets, as a browser sends it back. */
export function cookiePairIn(answer: Answer, name: string): string {
  return cookieIn(answer, name).split(';')[0] ?? '';
}

const TABLES = [
  'account',
  'email',
  'gate',
  'session',
  'device',
  'credential',
  'once',
  'counter',
  'mark',
  'outbox',
  'history',
  'setting',
  'imported',
  'imported_email',
  'imported_key',
];

function countsOf(reader: DatabaseSync): string {
  const counts = TABLES.map((table) => `(SELECT count(*) FROM ${table}) AS ${table}`).join(', ');
  return JSON.stringify(reader.prepare(`SELECT ${counts}`).get());
}

function contentsOf(reader: DatabaseSync): string {
  return JSON.stringify(TABLES.map((table) => [table, reader.prepare(`SELECT * FROM ${table}`).all()]));
}

async function exchange(port: number, bytes: string | Uint8Array): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  // A server that refuses in the middle of a request may reset the connection: what it said until then counts.
  socket.on('error', () => undefined);
  socket.write(bytes);
  await new Promise((resolve) => socket.once('close', resolve));
  return Buffer.concat(chunks).toString('latin1');
}
