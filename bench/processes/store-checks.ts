/** `authenticate()` in process on PostgreSQL or Redis, from memory or by a read, against what no such check can do without. */
import { hash } from 'node:crypto';
import { type Latchkey, latchkey } from '../../packages/latchkey/src/index.ts';
import { openRead, type Read } from '../data/one-read.ts';
import { type Place, productionOptions } from '../data/place.ts';
import { allTokens, FIRST_COPY, hashOfToken } from '../data/tokens.ts';
import { answers, ready } from '../harness/answers.ts';
import { type StoreChecked, type Timing, timed } from './timed.ts';

export type StoreLoadAsked = { readonly place: Place; readonly count: number };

export type StoreChecksAsked = Timing & { readonly variant: Variant };

/**
 * `map`: SHA-256 of the token and a look-up in a Map of as many. `read`: SHA-256 and one read. `headers`: a check of the headers
 * of a `node:http` request. `request`: a check of a `Request`.
 */
export type Variant = 'map' | 'read' | 'headers' | 'request';

type Loaded = {
  readonly auth: Latchkey;
  readonly read: Read;
  readonly map: ReadonlyMap<string, { readonly account: number }>;
  readonly tokens: readonly string[];
  readonly headers: readonly { readonly authorization: string }[];
  readonly requests: readonly Request[];
};

let loaded: Loaded | null = null;

async function load({ place, count }: StoreLoadAsked): Promise<void> {
  const auth = await latchkey(productionOptions(place));
  const tokens = allTokens(count);
  const headers = tokens.map((token) => ({ authorization: `Token ${token}`, accept: '*/*', host: 'localhost' }));
  const requests = headers.map((given) => new Request('http://localhost/courses/', { headers: given }));
  const map = new Map(
    tokens.map((token, index) => [hash('sha256', token, 'latin1'), { account: FIRST_COPY + index }] as const),
  );
  loaded = { auth, read: await openRead(place), map, tokens, headers, requests };
}

/** Checks each session twice, so that what is to be remembered is: nothing is while the node does not hear the others yet. */
async function warm(): Promise<void> {
  const { auth, headers } = ofLoaded();
  for (let from = 0; from < 2 * headers.length; from += 100) {
    const at = from % headers.length;
    await Promise.all(headers.slice(at, at + 100).map((one) => auth.authenticate(one)));
  }
}

/** How many checks were answered from memory so far, and how many by a read. */
function counts(): { readonly hits: number; readonly reads: number } {
  const text = ofLoaded().auth.metrics();
  const figure = (name: string): number => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
  return { hits: figure('latchkey_check_hits_total'), reads: figure('latchkey_check_reads_total') };
}

async function measure({ variant, ...timing }: StoreChecksAsked): Promise<StoreChecked> {
  const from = ofLoaded();
  return await timed(timing, (checks) => runs[variant](from, checks));
}

const runs: Readonly<Record<Variant, (from: Loaded, checks: number) => number | Promise<number>>> = {
  map({ map, tokens }, checks) {
    let live = 0;
    for (let done = 0; done < checks; done++) {
      if (map.get(hash('sha256', oneOf(tokens), 'latin1')) !== undefined) live++;
    }
    return live;
  },
  async read({ read, tokens }, checks) {
    let live = 0;
    for (let done = 0; done < checks; done++) {
      const at = Math.floor(Math.random() * tokens.length);
      if (await read(hashOfToken(tokens[at] ?? ''), FIRST_COPY + at)) live++;
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

function ofLoaded(): Loaded {
  if (loaded === null) throw new Error('Nothing is loaded.');
  return loaded;
}

function oneOf<T>(all: readonly T[]): T {
  return all[Math.floor(Math.random() * all.length)] as T;
}

answers({ load, warm, counts, measure });
ready(null);
