/** Checks of a bound key in process, against those of one that is not, and what verifying a signature costs alone. */
import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
  sign,
  verify,
} from 'node:crypto';
import { type Latchkey, latchkey } from '../../packages/latchkey/src/index.ts';
import { onFile, productionOptions } from '../data/place.ts';
import { answers, ready } from '../harness/answers.ts';

export type BoundAsked = { readonly variant: Variant; readonly checks: number };

/**
 * `unbound`: a check of a `Request` with a token. `bound`: with a proof, which is kept as seen. `nonce`: with a proof that is not
 * kept. `atHand`: a check with a token, and ES256 over a proof beside it, by a key that is at hand. `brought`: the same by the key
 * that the proof brings.
 */
export type Variant = 'unbound' | 'bound' | 'nonce' | 'atHand' | 'brought';

const ORIGIN = 'https://bench.example';
const PATH = '/courses/';
const PASSWORD = 'correct horse 9!';

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwk = publicKey.export({ format: 'jwk' });

type Loaded = {
  readonly bound: Latchkey;
  readonly nonce: Latchkey;
  readonly token: string;
  readonly boundToken: string;
};

let loaded: Loaded | null = null;

/** Opens a database by both ways to keep proofs from being shown twice, and signs somebody in with a key and without. */
async function load(path: string): Promise<void> {
  const options = { ...productionOptions(onFile(path)), origin: ORIGIN, sessions: { limit: 2 } } as const;
  const bound = await latchkey(options);
  const nonce = await latchkey({ ...options, boundKeys: { replay: 'nonce' } });
  await bound.accounts.create({ username: 'ann', password: PASSWORD });
  loaded = { bound, nonce, token: await signIn(bound, false), boundToken: await signIn(bound, true) };
}

async function signIn(auth: Latchkey, isBound: boolean): Promise<string> {
  let nonce: string | null = null;
  for (let times = 0; times < 2; times++) {
    const url = `${ORIGIN}/auth/login/`;
    const dpop = proofOf({ htm: 'POST', htu: url, nonce: nonce ?? undefined });
    const headers = { 'content-type': 'application/json', ...(isBound && { dpop }) };
    const body = JSON.stringify({ username: 'ann', password: PASSWORD });
    const answer = await auth.handler(new Request(url, { method: 'POST', headers, body }));
    if (answer.status === 200) return ((await answer.json()) as { readonly key: string }).key;
    nonce = answer.headers.get('dpop-nonce');
  }
  throw new Error('Nobody was signed in.');
}

function proofOf(payload: Readonly<Record<string, unknown>>): string {
  const iat = Math.floor(Date.now() / 1000);
  const parts = [
    { typ: 'dpop+jwt', alg: 'ES256', jwk },
    { jti: randomUUID(), iat, ...payload },
  ];
  const signed = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

/** Proofs for as many checks, with a nonce of now. */
async function proofs({ bound, boundToken }: Loaded, count: number): Promise<readonly string[]> {
  const ath = createHash('sha256').update(boundToken).digest('base64url');
  const claims = { htm: 'GET', htu: ORIGIN + PATH, ath };
  const asked = await bound.authenticate(request(`DPoP ${boundToken}`, proofOf(claims)));
  const nonce = asked.signedIn ? asked.dpopNonce : asked.respond().headers.get('dpop-nonce');
  return Array.from({ length: count }, () => proofOf({ ...claims, nonce }));
}

function request(authorization: string, dpop: string | null = null): Request {
  return new Request(ORIGIN + PATH, { headers: { authorization, ...(dpop !== null && { dpop }) } });
}

/** The CPU time of one, in microseconds, on average. What is shown was made before. */
async function measure({ variant, checks }: BoundAsked): Promise<number> {
  if (loaded === null) throw new Error('Nothing is loaded.');
  const run = await runs[variant](loaded, checks);
  const before = process.cpuUsage();
  const good = await run();
  const { user, system } = process.cpuUsage(before);
  if (good !== checks) throw new Error(`${checks - good} of ${checks} failed.`);
  return (user + system) / checks;
}

type Run = () => Promise<number>;

const runs: Readonly<Record<Variant, (from: Loaded, checks: number) => Promise<Run>>> = {
  unbound: async ({ bound, token }, checks) =>
    checking(
      bound,
      Array.from({ length: checks }, () => request(`Token ${token}`)),
    ),
  bound: async (from, checks) => checking(from.bound, await boundRequests(from, checks)),
  nonce: async (from, checks) => checking(from.nonce, await boundRequests(from, checks)),
  atHand: async (from, checks) => beside(from, await proofs(from, checks), () => publicKey),
  brought: async (from, checks) =>
    beside(from, await proofs(from, checks), (header) => {
      const { jwk: own } = JSON.parse(Buffer.from(header, 'base64url').toString());
      return createPublicKey({ key: own, format: 'jwk' });
    }),
};

async function boundRequests(from: Loaded, checks: number): Promise<readonly Request[]> {
  return (await proofs(from, checks)).map((proof) => request(`DPoP ${from.boundToken}`, proof));
}

function checking(auth: Latchkey, requests: readonly Request[]): Run {
  return async () => {
    let live = 0;
    for (const asked of requests) if ((await auth.authenticate(asked)).signedIn) live++;
    return live;
  };
}

/** One after the other, so that both find the caches as a server's are. */
function beside({ bound, token }: Loaded, all: readonly string[], keyOf: (header: string) => KeyObject): Run {
  const requests = all.map(() => request(`Token ${token}`));
  return async () => {
    let good = 0;
    for (const [at, asked] of requests.entries()) {
      if (!(await bound.authenticate(asked)).signedIn) continue;
      const [header = '', payload = '', signature = ''] = all[at]?.split('.') ?? [];
      const key = { key: keyOf(header), dsaEncoding: 'ieee-p1363' } as const;
      const signed = Buffer.from(`${header}.${payload}`);
      if (verify('sha256', signed, key, Buffer.from(signature, 'base64url'))) good++;
    }
    return good;
  };
}

answers({ load, measure });
ready(null);
