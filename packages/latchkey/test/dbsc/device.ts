/** A browser that binds its session, as Chromium was seen to: a key of WebCrypto, a jar of cookies, and what it was told last. */
import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { PASSWORD } from '../http/serving.ts';

/** Where the server is told that it is reached, wherever it listens. */
export const ORIGIN = 'https://id.example';

export const SESSION = '__Host-latchkey';
export const BOUND = '__Host-latchkey-bound';
export const REGISTER = '/auth/dbsc/register/';
export const REFRESH = '/auth/dbsc/refresh/';
export const ME = '/auth/session/';

export type Algorithm = 'ES256' | 'RS256';
export type Jwk = Readonly<Record<string, unknown>>;
export type DeviceKey = {
  readonly algorithm: Algorithm;
  readonly jwk: Jwk;
  /** With what a private one has. */
  readonly whole: Jwk;
  readonly sign: (signed: Buffer) => Promise<Buffer>;
};

const { subtle } = webcrypto;

const HOW = {
  ES256: { generate: { name: 'ECDSA', namedCurve: 'P-256' }, sign: { name: 'ECDSA', hash: 'SHA-256' } },
  RS256: {
    generate: {
      ...{ name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2048 },
      publicExponent: new Uint8Array([1, 0, 1]),
    },
    sign: { name: 'RSASSA-PKCS1-v1_5' },
  },
} as const;

/** `given` changes how it is made: a curve, a size, an exponent. */
export async function newDeviceKey(algorithm: Algorithm = 'ES256', given: object = {}): Promise<DeviceKey> {
  const how = HOW[algorithm];
  const pair = (await subtle.generateKey({ ...how.generate, ...given }, true, [
    'sign',
    'verify',
  ])) as webcrypto.CryptoKeyPair;
  const { kty, crv, x, y, n, e } = await subtle.exportKey('jwk', pair.publicKey);
  const jwk = kty === 'EC' ? { kty, crv, x, y } : { kty, n, e };
  const whole = (await subtle.exportKey('jwk', pair.privateKey)) as Jwk;
  const sign = async (signed: Buffer) =>
    Buffer.from(await subtle.sign(how.sign, pair.privateKey, new Uint8Array(signed)));
  return { algorithm, jwk, whole, sign };
}

/** What is changed of a proof. A member that is `undefined` is left out. */
export type Made = {
  readonly header?: Readonly<Record<string, unknown>>;
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly signedBy?: DeviceKey;
  readonly signature?: (signed: Buffer, right: Buffer) => Buffer;
};

const encoded = (part: unknown): string => Buffer.from(JSON.stringify(part)).toString('base64url');

export type Asked = {
  readonly method?: string;
  readonly form?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  /** null takes one away that would be sent. */
  readonly headers?: Readonly<Record<string, string | null>>;
  /** Cookies by name in the place of its own. */
  readonly cookies?: ReadonlyMap<string, string>;
};

export class Device {
  readonly key: DeviceKey;
  url: string;
  readonly cookies = new Map<string, string>();
  /** What it was offered: `Secure-Session-Registration`. */
  offer: { readonly path: string; readonly challenge: string; readonly authorization: string } | null = null;
  id = '';
  challenge: string | null = null;

  constructor(url: string, key: DeviceKey) {
    this.url = url;
    this.key = key;
  }

  async ask(path: string, { method, form, json, headers = {}, cookies = this.cookies }: Asked = {}): Promise<Response> {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const sent = json === undefined ? form && new URLSearchParams(form).toString() : JSON.stringify(json);
    const type = json === undefined ? 'application/x-www-form-urlencoded' : 'application/json';
    const all = {
      ...(cookie !== '' && { cookie }),
      ...(sent !== undefined && { 'content-type': type, origin: ORIGIN, 'sec-fetch-site': 'same-origin' }),
      ...headers,
    };
    const answer = await fetch(this.url + path, {
      method: method ?? (sent === undefined ? 'GET' : 'POST'),
      redirect: 'manual',
      headers: Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== null),
      ...(sent !== undefined && { body: sent }),
    });
    if (cookies === this.cookies) this.take(answer);
    return answer;
  }

  take(answer: Response): void {
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/Max-Age=0/.test(line)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    this.offer = offerIn(answer) ?? this.offer;
    const [, challenge, id] =
      /^"([^"]+)";id="([^"]+)"$/.exec(answer.headers.get('secure-session-challenge') ?? '') ?? [];
    if (challenge !== undefined && (this.id === '' || id === this.id)) this.challenge = challenge;
  }

  /** Signs in by the page's form. */
  async signIn(username = 'ann'): Promise<Response> {
    this.offer = null;
    const answer = await this.ask('/login/', { form: { username, password: PASSWORD } });
    assert.equal(answer.status, 302, await answer.text());
    return answer;
  }

  async proof({ header, claims, signedBy = this.key, signature }: Made): Promise<string> {
    const head = encoded({ typ: 'dbsc+jwt', alg: this.key.algorithm, ...header });
    const signed = Buffer.from(`${head}.${encoded(claims)}`);
    const right = await signedBy.sign(signed);
    return `${signed.toString()}.${(signature?.(signed, right) ?? right).toString('base64url')}`;
  }

  async registrationProof(made: Made = {}): Promise<string> {
    const { challenge: jti, authorization } = this.offer ?? assert.fail('nothing was offered');
    const header = { jwk: this.key.jwk, ...made.header };
    return await this.proof({ ...made, header, claims: { authorization, jti, ...made.claims } });
  }

  async register(made: Made = {}, asked: Asked = {}): Promise<Response> {
    const shown = await this.registrationProof(made);
    const headers = { 'secure-session-response': shown, ...asked.headers };
    const answer = await this.ask(this.offer?.path ?? '', { method: 'POST', ...asked, headers });
    if (answer.status === 200)
      this.id = ((await answer.clone().json()) as { session_identifier: string }).session_identifier;
    return answer;
  }

  async refreshProof(made: Made = {}): Promise<string> {
    return await this.proof({ ...made, claims: { jti: this.challenge, ...made.claims } });
  }

  /** Asks for a new cookie with a proof of the challenge that it has. */
  async refresh(made: Made = {}, asked: Asked = {}): Promise<Response> {
    return await this.renew(await this.refreshProof(made), asked);
  }

  /** The same with a proof that is there, or none. */
  async renew(proof: string | null, asked: Asked = {}): Promise<Response> {
    const headers = { 'sec-secure-session-id': this.id, 'secure-session-response': proof, ...asked.headers };
    return await this.ask(REFRESH, { method: 'POST', ...asked, headers });
  }

  /** The cookies of these names alone, as somebody may have copied them. */
  copied(...names: readonly string[]): ReadonlyMap<string, string> {
    return new Map(names.map((name) => [name, this.cookies.get(name) ?? assert.fail(`there is no ${name}`)]));
  }
}

export function offerIn(answer: Response): Device['offer'] {
  const header = answer.headers.get('secure-session-registration');
  if (header === null) return null;
  const [, path, challenge, authorization] =
    /^\(ES256 RS256\);path="([^"]+)";challenge="([^"]+)";authorization="([^"]+)"$/.exec(header) ?? [];
  assert.ok(path !== undefined && challenge !== undefined && authorization !== undefined, header);
  return { path, challenge, authorization };
}

/** What became of it: the status, and the reason where one is given. */
export function reasonOf({ status, headers }: Response): string {
  const reason = headers.get('latchkey-reason');
  return reason === null ? String(status) : `${status} ${reason}`;
}

/** Neither the short cookie nor any other is given. */
export function givesNone(answer: Response): boolean {
  return answer.headers.getSetCookie().every((cookie) => /Max-Age=0/.test(cookie));
}
