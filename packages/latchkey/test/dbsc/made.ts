/** What a browser sends that binds a session, by what the server has made for it and without a browser: right but for what is given. */
import { type DeviceTokens, deviceTokens } from '../../src/credentials/dbsc-tokens.ts';
import { readToken } from '../../src/crypto/token.ts';
import type { Answer, TestServer } from '../http/serving.ts';
import { Device, newDeviceKey } from './device.ts';

const key = await newDeviceKey();

const tokensOf = ({ assembled }: TestServer): DeviceTokens => deviceTokens(assembled.parts.keys);

/** The code for a session that a browser is to bring along when it binds it, where no cookie is asked for. */
export function codeFor(server: TestServer, token: string): string {
  const read = readToken(token);
  if (read === null) throw new Error('There is no such token.');
  return tokensOf(server).authorization({ token: read, isWithCookie: false });
}

type Made = { readonly path: string; readonly headers: Readonly<Record<string, string>> };

type Claims = Readonly<Record<string, unknown>>;

async function proofOf(claims: Claims, header: Claims = {}): Promise<{ readonly 'secure-session-response': string }> {
  return { 'secure-session-response': await new Device('', key).proof({ header, claims }) };
}

/** A request that binds the session of a code, by a challenge that is right for it. */
export async function registration(tokens: DeviceTokens, authorization: string, now: number): Promise<Made> {
  const jti = tokens.challenge({ purpose: 'registration', subject: authorization }, now);
  const headers = await proofOf({ authorization, jti }, { jwk: key.jwk });
  return { path: '/auth/dbsc/register/', headers };
}

/** A request that renews the cookie of a session by its name, by a challenge that is right for that. */
export async function renewal(tokens: DeviceTokens, name: string, now: number): Promise<Made> {
  const jti = tokens.challenge({ purpose: 'refresh', subject: name }, now);
  const headers = { 'sec-secure-session-id': name, ...(await proofOf({ jti })) };
  return { path: '/auth/dbsc/refresh/', headers };
}

async function ask(server: TestServer, { path, headers }: Made): Promise<Answer> {
  return await server.ask(path, { method: 'POST', headers });
}

export const registers = async (server: TestServer, authorization: string): Promise<Answer> =>
  await ask(server, await registration(tokensOf(server), authorization, server.clock()));

export const renews = async (server: TestServer, name: string): Promise<Answer> =>
  await ask(server, await renewal(tokensOf(server), name, server.clock()));
