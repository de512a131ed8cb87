/** `authenticate()` in process against what no check can do without, over one or two databases. */
import { hash } from 'node:crypto';
import { type Latchkey, latchkey } from '../../packages/latchkey/src/index.ts';
import type { Filled } from '../data/database.ts';
import { oneRead } from '../data/one-read.ts';
import { onFile, productionOptions } from '../data/place.ts';
import { answers, ready } from '../harness/answers.ts';

export type ChecksAsked = { readonly database: string; readonly variant: Variant; readonly checks: number };

/**
 * `floor`: SHA-256 of the token and one prepared read by primary key, by the same statement. `headers`: a check of the headers of
 * a `node:http` request. `request`: a check of a `Request`.
 */
export type Variant = 'floor' | 'headers' | 'request';

type Loaded = {
  readonly auth: Latchkey;
  readonly read: (tokenHash: Uint8Array) => unknown;
  readonly tokens: readonly string[];
  readonly headers: readonly { readonly authorization: string }[];
  readonly requests: readonly Request[];
};

const loaded = new Map<string, Loaded>();

/** Opens a database, and makes what a server would be given by its clients. */
async function load({ path, tokens }: Filled): Promise<void> {
  const auth = await latchkey(productionOptions(onFile(path)));
  const headers = tokens.map((token) => ({ authorization: `Token ${token}`, accept: '*/*', host: 'localhost' }));
  const requests = headers.map((given) => new Request('http://localhost/courses/', { headers: given }));
  loaded.set(path, { auth, read: oneRead(path), tokens, headers, requests });
}

/** The CPU time of one check, in microseconds, on average over random tokens. */
async function measure({ database, variant, checks }: ChecksAsked): Promise<number> {
  const from = loaded.get(database);
  if (from === undefined) throw new Error(`${database} is not loaded.`);
  const before = process.cpuUsage();
  const live = await runs[variant](from, checks);
  const { user, system } = process.cpuUsage(before);
  if (live !== checks) throw new Error(`${checks - live} of ${checks} checks failed.`);
  return (user + system) / checks;
}

const runs: Readonly<Record<Variant, (from: Loaded, checks: number) => Promise<number>>> = {
  async floor({ read, tokens }, checks) {
    let live = 0;
    for (let done = 0; done < checks; done++) {
      if (read(hash('sha256', oneOf(tokens), 'buffer')) !== undefined) live++;
    }
    return live;
  },
  async headers({ auth, headers }, checks) {
    let live = 0;
    for (let done = 0; done < checks; done++) {
      if ((await auth.authenticate(oneOf(headers))).signedIn) live++;
    }
    return live;
  },
  async request({ auth, requests }, checks) {
    let live = 0;
    for (let done = 0; done < checks; done++) {
      if ((await auth.authenticate(oneOf(requests))).signedIn) live++;
    }
    return live;
  },
};

function oneOf<T>(all: readonly T[]): T {
  return all[Math.floor(Math.random() * all.length)] as T;
}

answers({ load, measure });
ready(null);
