/** Tokens as a client, or an attacker, has them in their hands. */
import assert from 'node:assert/strict';
import type { LatchkeyOptions } from 'latchkey';
import { memberOf, PASSWORD, testServer } from '../http/serving.ts';

export type Pair = { readonly access: string; readonly refresh: string };

export const JWT = { jwt: { use: true, httpOnly: false } } as const satisfies LatchkeyOptions;

export type JwtServer = Awaited<ReturnType<typeof jwtServer>>;

/** A server in JWT mode whose answers have both tokens. */
export async function jwtServer(options: LatchkeyOptions = {}) {
  const server = await testServer({ ...JWT, ...options, jwt: { ...JWT.jwt, ...options.jwt } });
  const pairOf = (body: unknown): Pair => ({ access: memberOf(body, 'access'), refresh: memberOf(body, 'refresh') });
  return {
    ...server,
    pairOf,
    async register(username: string, more: Readonly<Record<string, unknown>> = {}): Promise<Pair> {
      const body = { username, password1: PASSWORD, password2: PASSWORD, ...more };
      const answer = await server.post('/auth/registration/', body);
      assert.equal(answer.status, 201, answer.text);
      return pairOf(answer.body);
    },
    async signIn(username: string, headers: Readonly<Record<string, string>> = {}): Promise<Pair> {
      const answer = await server.post('/auth/login/', { username, password: PASSWORD }, { headers });
      assert.equal(answer.status, 200, answer.text);
      return pairOf(answer.body);
    },
    /** The status and the reason of a request with an access token. */
    async check(access: string): Promise<string> {
      const { status, headers } = await server.ask('/auth/session/', {
        headers: { authorization: `Bearer ${access}` },
      });
      return said(status, headers);
    },
    async refresh(refresh: string) {
      const answer = await server.post('/auth/token/refresh/', { refresh });
      return { ...answer, said: said(answer.status, answer.headers), pair: pairOf(answer.body) };
    },
    async verify(token: string): Promise<string> {
      const { status, headers } = await server.post('/auth/token/verify/', { token });
      return said(status, headers);
    },
  };
}

export function said(status: number, headers: Headers): string {
  const reason = headers.get('latchkey-reason');
  return reason === null ? String(status) : `${status} ${reason}`;
}

/** What a token says of itself. */
export function partsIn(token: string) {
  const [header = '', payload = '', signature = ''] = token.split('.');
  return { header: readJson(header), payload: readJson(payload), letters: { header, payload, signature } };
}

function readJson(letters: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(letters, 'base64url').toString('utf8')) as Record<string, unknown>;
}

export function encode(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}
