/** A provider that says whatever a test has it say: at 127.0.0.1, with keys of its own. */
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Asked = {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Of a form. */
  readonly form: URLSearchParams;
  readonly body: string;
};

export type Said = {
  readonly status?: number;
  readonly json?: unknown;
  readonly text?: string;
  readonly type?: string;
  readonly location?: string;
};

type Says = (asked: Asked) => Said;

export type Claims = Readonly<Record<string, unknown>>;

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
export const otherKeys = generateKeyPairSync('rsa', { modulusLength: 2048 });
const KEY_ID = 'k1';

export const CLIENT = { clientId: 'client-1', clientSecret: 'secret-1' } as const;

export type StandIn = Awaited<ReturnType<typeof standIn>>;

/** Starts one. It says what `says` has for a path without its query; everything else is 404. */
export async function standIn() {
  const says = new Map<string, Says>();
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    void read(request).then((question) => {
      asked.push(question);
      const say = says.get(question.path.split('?')[0] ?? '');
      const said = say?.(question) ?? { status: 404, json: {} };
      const { status = 200, json, text, type = 'application/json', location } = said;
      response.writeHead(status, { 'content-type': type, ...(location !== undefined && { location }) });
      response.end(text ?? JSON.stringify(json));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const metadata = {
    issuer: url,
    authorization_endpoint: `${url}/authorize`,
    token_endpoint: `${url}/token`,
    jwks_uri: `${url}/jwks`,
    id_token_signing_alg_values_supported: ['RS256'],
    token_endpoint_auth_methods_supported: ['client_secret_post'],
  };
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: KEY_ID, alg: 'RS256', use: 'sig' };
  says.set('/.well-known/openid-configuration', () => ({ json: metadata }));
  says.set('/jwks', () => ({ json: { keys: [jwk] } }));
  const self = {
    url,
    metadata,
    /** What it says at a path. */
    says,
    /** What it was asked, the oldest first. */
    asked,
    askedAt: (path: string) => asked.filter((one) => one.path.split('?')[0] === path),
    /** Has it give an ID token of these claims for any code, and an access token beside it. */
    identifies(claims: Claims, more: Claims = {}): void {
      says.set('/token', () => ({
        json: { access_token: 'at-1', token_type: 'Bearer', id_token: self.idToken(claims), ...more },
      }));
    },
    /** As it should be, but for these claims. */
    idToken: (claims: Claims, header: Claims = {}, key: KeyObject = privateKey) =>
      signed({ alg: 'RS256', kid: KEY_ID, ...header }, { ...self.usual(), ...claims }, key),
    usual: (): Claims => {
      const now = Math.floor(Date.now() / 1000);
      return { iss: url, aud: CLIENT.clientId, sub: 'sub-1', iat: now, exp: now + 300 };
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return self;
}

async function read(request: IncomingMessage): Promise<Asked> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString('utf8');
  const path = request.url ?? '/';
  const query = new URL(path, 'http://127.0.0.1').searchParams;
  const headers = request.headers as Asked['headers'];
  return { method: request.method ?? '', path, query, headers, form: new URLSearchParams(body), body };
}

function signed(header: Claims, claims: Claims, key: KeyObject): string {
  const parts = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${parts}.${sign('sha256', Buffer.from(parts), key).toString('base64url')}`;
}

/** The left half of a token's digest, as `at_hash` has it. */
export function atHashOf(token: string): string {
  return createHash('sha256').update(token).digest().subarray(0, 16).toString('base64url');
}
