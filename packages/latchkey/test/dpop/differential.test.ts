/**
 * The check of proofs against two others that know nothing of it: proofs that `dpop` and `oauth4webapi` make, changed in every way
 * that is generated here, are judged by `jose` and by the resource server of `oauth4webapi` too.
 */
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, type KeyObject, KeyObject as Keys, sign } from 'node:crypto';
import { describe, test } from 'node:test';
import { generateProof } from 'dpop';
import fc from 'fast-check';
import { calculateJwkThumbprint, EmbeddedJWK, exportJWK, type JWK, jwtVerify, SignJWT } from 'jose';
import * as oauth from 'oauth4webapi';
import { proofReader } from '../../src/credentials/dpop.ts';

const URL_ = 'https://id.example/lessons/1';
const ISSUER = 'https://as.example';
const ALGORITHMS = ['ES256', 'Ed25519'] as const;

type Algorithm = (typeof ALGORITHMS)[number];

type Holder = {
  readonly alg: Algorithm;
  readonly pair: oauth.CryptoKeyPair;
  readonly privateKey: KeyObject;
  readonly thumbprint: string;
  /** An access token that is bound to the key, as `oauth4webapi` wants one. */
  readonly token: string;
};

const issuer = await oauth.generateKeyPair('ES256', { extractable: true });

async function newHolder(alg: Algorithm): Promise<Holder> {
  const pair = await oauth.generateKeyPair(alg, { extractable: true });
  const thumbprint = await calculateJwkThumbprint(await exportJWK(pair.publicKey));
  const token = await new SignJWT({ client_id: 'c', cnf: { jkt: thumbprint } })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: '1' })
    .setIssuer(ISSUER)
    .setAudience('us')
    .setSubject('ann')
    .setJti('1')
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(issuer.privateKey);
  return { alg, pair, privateKey: Keys.from(pair.privateKey), thumbprint, token };
}

const holders = await Promise.all(ALGORITHMS.map(newHolder));
const strangers = await Promise.all(ALGORITHMS.map(newHolder));
const strangerOf = (alg: Algorithm): Holder => strangers[ALGORITHMS.indexOf(alg)] ?? assert.fail();

/** Who makes proofs: the two libraries, each as its own clients use it. */
const makers: Readonly<Record<string, (holder: Holder) => Promise<string>>> = {
  dpop: ({ pair, token }) => generateProof(pair, URL_, 'GET', undefined, token),
  async oauth4webapi({ pair, token }) {
    let proof: string | null = null;
    const DPoP = oauth.DPoP({}, pair);
    const catching = async (_: string, { headers }: { headers: Record<string, string> }): Promise<Response> => {
      proof = new Headers(headers).get('dpop');
      return new Response();
    };
    const options = { DPoP, [oauth.customFetch]: catching };
    await oauth.protectedResourceRequest(token, 'GET', new URL(URL_), undefined, undefined, options);
    return proof ?? assert.fail('no proof was sent');
  },
};

type Members = Record<string, unknown>;

/** A proof taken apart, to be put together again and signed anew by its holder, or by whoever `signedBy` is. */
type Draft = {
  readonly header: Members;
  readonly payload: Members;
  readonly signedBy: Holder;
  /** What becomes of the signature, and of the whole. */
  readonly signature: ((bytes: Buffer) => Buffer)[];
  readonly whole: ((proof: string) => string)[];
};

/** A change of a proof. `isStricter` where we refuse, on purpose, what others may take. */
type Change = { readonly name: string; readonly isStricter?: true; readonly apply: (draft: Draft) => void };

const set = (part: 'header' | 'payload', name: string, values: readonly unknown[], isStricter?: true): Change[] =>
  values.map((value) => ({
    name: `${part}.${name} = ${JSON.stringify(value)}`,
    ...(isStricter && { isStricter }),
    apply: (draft) => {
      if (value === undefined) delete draft[part][name];
      else draft[part][name] = value;
    },
  }));

const inJwk = (name: string, change: (jwk: Members) => Members, isStricter?: true): Change => ({
  name: `jwk: ${name}`,
  ...(isStricter && { isStricter }),
  apply: (draft) => {
    draft.header['jwk'] = change({ ...(Object(draft.header['jwk']) as Members) });
  },
});

const now = (): number => Math.floor(Date.now() / 1000);
const [p384, rsa] = [
  generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  generateKeyPairSync('rsa', { modulusLength: 1024 }),
];

const changes: readonly Change[] = [
  { name: 'nothing', apply: () => undefined },
  { name: 'more is said', apply: ({ payload }) => void Object.assign(payload, { more: { a: [1] } }) },
  ...set('header', 'typ', [undefined, 'JWT', 'dpop', 'dbsc+jwt', 1, null]),
  ...set('header', 'typ', ['DPOP+JWT', 'application/dpop+jwt'], true),
  ...set('header', 'alg', [undefined, 'none', 'HS256', 'ES384', 'RS256', 'es256', null, 1]),
  // Of the same key by its other name.
  ...set('header', 'alg', ['EdDSA', 'ES256', 'Ed25519'], true),
  ...set('header', 'crit', [['exp'], []]),
  ...set('header', 'jwk', [undefined, null, 'text', [], {}]),
  ...set('header', 'kid', ['1']),
  ...set('payload', 'htm', [undefined, 'get', 'POST', 'HEAD', '', null, ['GET']]),
  ...set('payload', 'htu', [
    ...[
      undefined,
      '',
      null,
      1,
      '/lessons/1',
      `${URL_}/`,
      'https://id.example/lessons/2',
      'http://id.example/lessons/1',
    ],
    ...[
      'https://id.example:8443/lessons/1',
      'https://id.example.evil.example/lessons/1',
      'https://id.example//lessons/1',
    ],
  ]),
  ...set('payload', 'htu', [
    `${URL_}?q=1`,
    `${URL_}#f`,
    'https://ID.example:443/lessons/1',
    'https://id.example/x/../lessons/1',
  ]),
  ...set('payload', 'htu', ['https://u:p@id.example/lessons/1'], true),
  ...set('payload', 'iat', [undefined, null, '1', '', [], {}]),
  // Others allow for minutes, and for parts of a second.
  ...[-3_600, -61, 6, 61, 3_600].flatMap((ahead) => set('payload', 'iat', [now() + ahead], true)),
  ...set('payload', 'iat', [now() - 0.5], true),
  ...set('payload', 'jti', [undefined, null, 1, []]),
  ...set('payload', 'jti', ['', 'x'.repeat(257)], true),
  ...set('payload', 'jti', ['x'.repeat(256)]),
  ...set('payload', 'ath', [undefined, null, '', 'x', createHash('sha256').update('other').digest('base64url')]),
  inJwk('private', (jwk) => ({ ...jwk, d: 'AAAA' })),
  inJwk('symmetric', () => ({ kty: 'oct', k: 'AAAA' })),
  inJwk('no x', ({ x: _, ...jwk }) => jwk),
  inJwk('no kty', ({ kty: _, ...jwk }) => jwk),
  inJwk('x that is another', (jwk) => ({ ...jwk, x: strangerX(jwk) })),
  inJwk('a point off the curve', (jwk) => (jwk['kty'] === 'EC' ? { ...jwk, y: jwk['x'] } : { ...jwk, x: 'AA' })),
  inJwk('another curve', () => p384.publicKey.export({ format: 'jwk' }) as Members),
  inJwk('RSA', () => rsa.publicKey.export({ format: 'jwk' }) as Members),
  inJwk('padding', (jwk) => ({ ...jwk, x: `${String(jwk['x'])}=` }), true),
  inJwk('a name', (jwk) => ({ ...jwk, kid: '1' }), true),
  inJwk('what it is for', (jwk) => ({ ...jwk, use: 'sig', ext: true }), true),
  { name: 'by another key', apply: (draft) => void Object.assign(draft, { signedBy: strangerOf(draft.signedBy.alg) }) },
  { name: 'cut', apply: ({ signature }) => void signature.push((bytes) => bytes.subarray(1)) },
  {
    name: 'longer',
    apply: ({ signature }) => void signature.push((bytes) => Buffer.concat([bytes, Buffer.from([0])])),
  },
  { name: 'one bit', apply: ({ signature }) => void signature.push((bytes) => flip(bytes, bytes.length >> 1)) },
  { name: 'no signature', apply: ({ signature }) => void signature.push(() => Buffer.alloc(0)) },
  { name: 'a fourth part', apply: ({ whole }) => void whole.push((proof) => `${proof}.a`) },
  { name: 'twice', apply: ({ whole }) => void whole.push((proof) => `${proof}, ${proof}`) },
  { name: 'padded', isStricter: true, apply: ({ whole }) => void whole.push((proof) => `${proof}=`) },
  { name: 'cut off', apply: ({ whole }) => void whole.push((proof) => proof.slice(0, proof.lastIndexOf('.'))) },
];

function flip(bytes: Buffer, at: number): Buffer {
  const flipped = Buffer.from(bytes);
  flipped[at] = (flipped[at] ?? 0) ^ 1;
  return flipped;
}

function strangerX({ kty }: Members): string {
  const jwk = Keys.from(strangerOf(kty === 'EC' ? 'ES256' : 'Ed25519').pair.publicKey).export({ format: 'jwk' });
  return String(jwk.x);
}

function part(text: string | undefined): Members {
  return JSON.parse(Buffer.from(text ?? '', 'base64url').toString()) as Members;
}

/** The proof as it was made, where nothing of it is to be another. */
function changed(holder: Holder, proof: string, by: readonly Change[]): string {
  if (by.every(({ name }) => name === 'nothing')) return proof;
  const [header, payload] = proof.split('.');
  const draft: Draft = { header: part(header), payload: part(payload), signedBy: holder, signature: [], whole: [] };
  for (const { apply } of by) apply(draft);
  const signed = [draft.header, draft.payload]
    .map((of) => Buffer.from(JSON.stringify(of)).toString('base64url'))
    .join('.');
  const { alg, privateKey } = draft.signedBy;
  const right =
    alg === 'ES256'
      ? sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
      : sign(null, Buffer.from(signed), privateKey);
  const signature = draft.signature.reduce<Buffer>((bytes, change) => change(bytes), right);
  return draft.whole.reduce<string>((whole, change) => change(whole), `${signed}.${signature.toString('base64url')}`);
}

type Judge = (holder: Holder, proof: string) => Promise<boolean>;

const ours: Judge = async ({ token, thumbprint }, proof) => {
  const bound = { token, thumbprint };
  return 'mark' in proofReader().read(proof, { method: 'GET', url: URL_, bound, now: Date.now(), isNonce: null });
};

/** The claims by RFC 9449, 4.3, around what `jose` verifies. */
const byJose: Judge = async ({ token, thumbprint }, proof) => {
  try {
    const options = { typ: 'dpop+jwt', algorithms: ['ES256', 'Ed25519', 'EdDSA'], maxTokenAge: 60, clockTolerance: 5 };
    const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, options);
    const { htm, htu, jti, ath } = payload;
    const { protocol, host, pathname } = new URL(String(htu));
    return (
      (await calculateJwkThumbprint(protectedHeader.jwk as JWK)) === thumbprint &&
      htm === 'GET' &&
      typeof htu === 'string' &&
      `${protocol}//${host}${pathname}` === URL_ &&
      typeof jti === 'string' &&
      ath === createHash('sha256').update(token).digest('base64url')
    );
  } catch {
    return false;
  }
};

const jwks = { keys: [{ ...(await exportJWK(issuer.publicKey)), kid: '1', alg: 'ES256', use: 'sig' }] };

const byOauth4webapi: Judge = async ({ token }, proof) => {
  const request = new Request(URL_, { headers: { authorization: `DPoP ${token}`, dpop: proof } });
  const server = { issuer: ISSUER, jwks_uri: `${ISSUER}/jwks` };
  try {
    await oauth.validateJwtAccessToken(server, request, 'us', {
      requireDPoP: true,
      [oauth.customFetch]: async () => Response.json(jwks),
    });
    return true;
  } catch {
    return false;
  }
};

const judges: Readonly<Record<string, Judge>> = { jose: byJose, oauth4webapi: byOauth4webapi };

describe('M1 to M8, M11: proofs that others make, as others judge them', () => {
  for (const [maker, make] of Object.entries(makers)) {
    test(`each change by itself, of a proof by ${maker}`, async () => {
      for (const holder of holders) {
        const proof = await make(holder);
        assert.equal(await ours(holder, proof), true, `${maker} with ${holder.alg}`);
        for (const change of changes) await agreed(holder, proof, [change]);
      }
    });

    test(`several at once, of a proof by ${maker}`, async () => {
      const some = fc.array(fc.constantFrom(...changes), { minLength: 1, maxLength: 3 });
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...holders), some, async (holder, by) => {
          await agreed(holder, await make(holder), by);
        }),
        { numRuns: 250 },
      );
    });
  }

  test('there is something that each judge takes, and something that each refuses', async () => {
    for (const holder of holders) {
      const proof = await (makers['dpop'] ?? assert.fail())(holder);
      for (const judge of [ours, ...Object.values(judges)]) {
        assert.deepEqual([await judge(holder, proof), await judge(strangerOf(holder.alg), proof)], [true, false]);
      }
    }
  });
});

/** What we take all take; what we refuse all refuse, but for what we are strict about. */
async function agreed(holder: Holder, proof: string, by: readonly Change[]): Promise<void> {
  const shown = changed(holder, proof, by);
  const what = `${holder.alg}: ${by.map(({ name }) => name).join(', ')}`;
  const isTaken = await ours(holder, shown);
  for (const [name, judge] of Object.entries(judges)) {
    const isTakenThere = await judge(holder, shown);
    if (isTaken) assert.equal(isTakenThere, true, `${name} refuses what we take: ${what}`);
    else if (isTakenThere)
      assert.ok(
        by.some(({ isStricter }) => isStricter),
        `${name} takes what we refuse: ${what}`,
      );
  }
}
