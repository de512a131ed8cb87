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

async function ask(
  server: TestServer,
  path: string,
  claims: Readonly<Record<string, unknown>>,
  { jwk, headers }: { readonly jwk?: object; readonly headers?: Readonly<Record<string, string>> },
): Promise<Answer> {
  const proof = await new Device(server.url, key).proof({ header: { jwk }, claims });
  return await server.ask(path, { method: 'POST', headers: { 'secure-session-response': proof, ...headers } });
}

/** Binds the session of a code, by a challenge that is right for it. */
export async function registers(server: TestServer, authorization: string): Promise<Answer> {
  const given = { purpose: 'registration', subject: authorization } as const;
  const jti = tokensOf(server).challenge(given, server.clock());
  return await ask(server, '/auth/dbsc/register/', { authorization, jti }, { jwk: key.jwk });
}

/** Renews the cookie of a session by its name, by a challenge that is right for that. */
export async function renews(server: TestServer, name: string): Promise<Answer> {
  const jti = tokensOf(server).challenge({ purpose: 'refresh', subject: name }, server.clock());
  return await ask(server, '/auth/dbsc/refresh/', { jti }, { headers: { 'sec-secure-session-id': name } });
}
