/** One server, and what goes wrong with it. Nothing waits for it to come back: what cannot be asked now is unavailable now. */
import { once } from 'node:events';
import type { RedisOptions as ClientOptions, Redis } from 'ioredis';
import { StoreUnavailable } from '../store.ts';
import type { Script } from './script.ts';

/** How long a check may take; anything else; and a connection. */
const READ_MS = 1000;
const WRITE_MS = 3000;
const CONNECT_MS = 2000;

/** A connection on which nothing comes back for so long, while something is asked, is given up. */
const SILENCE_MS = WRITE_MS + 500;

const RECONNECT_MS = { first: 50, most: 1000 } as const;

export type Client = Redis;
export type MakeClient = (more: ClientOptions) => Client;

/** What is waited for after a write that a failover must not lose: so many replicas, at most so many milliseconds. */
export type ReplicaWait = { readonly replicas: number; readonly ms: number };

export type Call = {
  readonly script: Script;
  readonly keys: readonly string[];
  readonly values: readonly (string | number)[];
  /** Whether it is a check, which has less time. */
  readonly isCheck?: boolean;
};

/** Another node has the key: for good (`MOVED`), or only this one, while its slot is on the way (`ASK`). */
export class Elsewhere extends Error {
  override readonly name = 'Elsewhere';
  readonly isForGood: boolean;
  readonly address: string;

  constructor(isForGood: boolean, address: string) {
    super(`The key is kept by ${address}.`);
    this.isForGood = isForGood;
    this.address = address;
  }
}

export type Line = {
  readonly address: string;
  run(call: Call): Promise<unknown>;
  /** Runs it on a node that a slot is on its way to. */
  runAsking(call: Call): Promise<unknown>;
  send(command: string, values: readonly (string | number)[]): Promise<unknown>;
  /** Connects, or rejects with the reason; goes on trying in either case. */
  connect(): Promise<void>;
  isReady(): boolean;
  /** Lets go of it; what is asked after it, and what is under way, is unavailable for this reason. */
  close(why?: string): void;
};

/** Options that every connection has: pipelining, no queue for what cannot be sent, nothing sent twice. */
export const CLIENT_OPTIONS: ClientOptions = {
  lazyConnect: true,
  enableAutoPipelining: true,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
  maxRetriesPerRequest: 0,
  connectTimeout: CONNECT_MS,
  disableClientInfo: true,
  protocol: 2,
};

const reconnects = {
  socketTimeout: SILENCE_MS,
  retryStrategy: (times: number) => Math.min(RECONNECT_MS.first * 2 ** Math.min(times - 1, 10), RECONNECT_MS.most),
  // a primary that became a replica: whoever names the primary is asked again
  reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
} satisfies ClientOptions;

/** The line to one server. Where replicas are waited for, writes have a connection of their own, which that may hold up. */
export function lineOf(address: string, make: MakeClient, wait: ReplicaWait | null): Line {
  const reader = make(reconnects);
  const writer = wait === null ? reader : make(reconnects);
  const clients = [...new Set([reader, writer])];
  let problem: unknown = null;
  let closedAs: string | null = null;
  let connecting: Promise<void> | null = null;
  for (const client of clients) {
    client.on('error', (error) => {
      problem = error;
    });
    client.on('ready', () => {
      problem = null;
    });
  }

  const failed = (error: unknown): Error =>
    closedAs === null ? failureOf(error, problem, address) : new StoreUnavailable(closedAs);
  const asked = async <T>(work: () => Promise<T>, ms: number): Promise<T> => {
    try {
      return await within(work(), ms);
    } catch (error) {
      throw failed(error);
    }
  };
  const replicated = wait === null ? null : replication(writer, wait);

  return {
    address,
    async run(call) {
      const client = call.script.isKept ? writer : reader;
      const reply = await asked(() => evaluate(client, call), call.isCheck === true ? READ_MS : WRITE_MS);
      if (call.script.isKept && replicated !== null) await asked(replicated, WRITE_MS);
      return reply;
    },
    async runAsking(call) {
      const client = call.script.isKept ? writer : reader;
      const reply = await asked(() => evaluateAsking(client, call), WRITE_MS);
      if (call.script.isKept && replicated !== null) await asked(replicated, WRITE_MS);
      return reply;
    },
    send: (command, values) => asked(() => reader.call(command, ...values), WRITE_MS),
    async connect() {
      // a client that was closed would come back, and go on for ever
      if (closedAs !== null) throw new StoreUnavailable(closedAs);
      connecting ??= asked(async () => void (await Promise.all(clients.map(ready))), CONNECT_MS + WRITE_MS).finally(
        () => {
          connecting = null;
        },
      );
      await connecting;
    },
    isReady: () => clients.every(({ status }) => status === 'ready'),
    close(why = 'The store is closed.') {
      closedAs = why;
      for (const client of clients) client.disconnect();
    },
  };
}

/** Resolves when a client can be asked; rejects when this try of it to connect has failed. */
async function ready(client: Client): Promise<void> {
  if (client.status === 'ready') return;
  // one that is about to try again must not be told to: it would do so twice, and be stopped once
  if (client.status === 'wait' || client.status === 'end') return await client.connect();
  const failing = new AbortController();
  try {
    const failed = once(client, 'close', { signal: failing.signal }).then(() => Promise.reject(new Error('closed')));
    await Promise.race([once(client, 'ready', { signal: failing.signal }), failed]);
  } finally {
    failing.abort();
  }
}

async function evaluate(client: Client, { script, keys, values }: Call): Promise<unknown> {
  try {
    return await client.evalsha(script.sha, keys.length, ...keys, ...values);
  } catch (error) {
    if (codeOf(error) !== 'NOSCRIPT') throw error;
    return await client.eval(script.text, keys.length, ...keys, ...values);
  }
}

async function evaluateAsking(client: Client, { script, keys, values }: Call): Promise<unknown> {
  const replies = await client
    .pipeline()
    .call('ASKING')
    .eval(script.text, keys.length, ...keys, ...values)
    .exec();
  const [error, reply] = replies?.[1] ?? [new Error('No reply'), null];
  if (error !== null) throw error;
  return reply;
}

/** Waits for the replicas of all that was written before: one `WAIT` after the other, each for everybody who came meanwhile. */
function replication(client: Client, { replicas, ms }: ReplicaWait): () => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  let next: Promise<void> | null = null;
  const ask = async (): Promise<void> => {
    await last.catch(() => undefined);
    next = null;
    const reached = Number(await client.call('WAIT', replicas, ms));
    if (reached < replicas)
      throw new StoreUnavailable(
        `A change was not replicated: ${reached} of ${replicas} replicas had it within ${ms} ms. It may have been made all the same.`,
      );
  };
  return () => {
    if (next === null) {
      const asking = ask();
      next = asking;
      // awaited by those who asked for it
      asking.catch(() => undefined);
      last = asking;
    }
    return next;
  };
}

/** Rejects after so many milliseconds; what comes of the work then is nobody's. */
async function within<T>(work: Promise<T>, ms: number): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new TimeOut()), ms);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}

class TimeOut extends Error {}

/** What a server says of itself, not of what it was asked: it may be well again in a moment. */
const ILL: ReadonlySet<string> = new Set([
  'BUSY',
  'CLUSTERDOWN',
  'LOADING',
  'MASTERDOWN',
  'MISCONF',
  'NOAUTH',
  'NOPERM',
  'NOREPLICAS',
  'OOM',
  'READONLY',
  'TRYAGAIN',
  'UNKILLABLE',
  'UNBLOCKED',
  'WRONGPASS',
]);

/** The first word of what a server refused something with; null where no server did. */
export function codeOf(error: unknown): string | null {
  if (!(error instanceof Error) || error.name !== 'ReplyError') return null;
  return /^[A-Z]+/.exec(error.message)?.[0] ?? 'ERR';
}

/** A failure in words of our own: an error of the client carries the command with its arguments, and so may the server's text. */
function failureOf(error: unknown, problem: unknown, address: string): Error {
  if (error instanceof StoreUnavailable) return error;
  if (error instanceof TimeOut)
    return new StoreUnavailable(
      `Redis at ${address} did not answer in time: what it was asked to do may have been done.`,
    );
  const code = codeOf(error);
  if (code === null) return new StoreUnavailable(`Redis at ${address} cannot be reached${reasonOf(problem ?? error)}.`);
  const message = error instanceof Error ? error.message : '';
  if (code === 'MOVED' || code === 'ASK') return elsewhere(code, message.split(' ')[2] ?? '', address);
  if (ILL.has(code)) return new StoreUnavailable(`Redis at ${address} cannot do its work just now (${code}).`);
  // of a slot that is on its way to another node, which has some of the keys already
  if (message.includes('non local key'))
    return new StoreUnavailable(`Redis at ${address} is giving some of its keys to another node just now.`);
  return new Error(`Redis at ${address} refused a command: ${message.replaceAll(/, with args beginning with.*/g, '')}`);
}

/** A node that has no name of its own to tell is where the one is that was asked. */
function elsewhere(code: string, told: string, address: string): Elsewhere {
  const host = address.slice(0, address.lastIndexOf(':'));
  return new Elsewhere(code === 'MOVED', told.startsWith(':') ? host + told : told);
}

function reasonOf(problem: unknown): string {
  if (!(problem instanceof Error)) return '';
  const code = codeOf(problem) ?? (problem as NodeJS.ErrnoException).code;
  return code === undefined ? '' : ` (${code})`;
}
