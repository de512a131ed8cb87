import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { testServer } from '../http/serving.ts';
import { limited } from './asking.ts';

type Variant = { readonly line: string; readonly headers?: readonly string[] };

/** What may reach the same route, or no route at all, and never the same route past its limit. */
const variants: readonly Variant[] = [
  { line: 'POST /auth/login' },
  { line: 'POST //auth/login/' },
  { line: 'POST /auth//login/' },
  { line: 'POST /auth/login//' },
  { line: 'POST /auth/./login/' },
  { line: 'POST /auth/x/../login/' },
  { line: 'POST /auth/login/.' },
  { line: 'POST /auth/%6Cogin/' },
  { line: 'POST /auth/%6cogi%6E' },
  { line: 'POST /auth%2Flogin/' },
  { line: 'POST /auth/login%2F' },
  { line: 'POST /auth/%2e/login/' },
  { line: 'POST /AUTH/LOGIN/' },
  { line: 'POST /Auth/Login/' },
  { line: 'POST /auth/login/?x=1' },
  { line: 'POST /auth/login/?format=json' },
  { line: 'POST /auth/login/;a=b' },
  { line: 'POST /auth/login/%00' },
  { line: 'POST /auth/login/%20' },
  { line: 'POST /auth\\login/' },
  { line: 'POST http://127.0.0.1/auth/login/' },
  { line: 'POST http://elsewhere.test/auth/login/' },
  { line: 'PUT /auth/login/' },
  { line: 'GET /auth/login/', headers: ['X-HTTP-Method-Override: POST'] },
  { line: 'HEAD /auth/login/', headers: ['X-HTTP-Method-Override: POST'] },
  { line: 'PATCH /auth/login/', headers: ['X-Method-Override: POST'] },
  { line: 'POST /auth/login/', headers: ['X-Original-URL: /auth/registration/'] },
  { line: 'POST /auth/login/', headers: ['X-Forwarded-Path: /'] },
  { line: 'POST /auth/login/', headers: ['X-Forwarded-For: 203.0.113.9'] },
  { line: 'POST /auth/login/', headers: ['Forwarded: for=203.0.113.9'] },
  { line: 'POST /auth/signin/' },
  { line: 'POST /api/token/' },
];

function requestOf({ line, headers = [] }: Variant): string {
  const body = JSON.stringify({ username: 'ann', password: 'not-the-pw-of-anybody' });
  const all = [
    'Host: 127.0.0.1',
    'Connection: close',
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    ...headers,
  ];
  return `${line} HTTP/1.1\r\n${all.join('\r\n')}\r\n\r\n${body}`;
}

describe('no other way of writing a path gets past its limit', () => {
  test('B8, B15, B17: past the limit each is 429, or nothing that could sign anybody in', async () => {
    await using server = await testServer(limited({ perAccount: '10/5min', perNetwork: '10/5min' }));
    await server.auth.accounts.create({ username: 'ann', password: 'tr1cky-enough-pw' });
    const plain = requestOf({ line: 'POST /auth/login/' });
    for (let time = 0; time < 10; time++) assert.match(await server.raw(plain), /^HTTP\/1\.1 400 /);
    assert.match(await server.raw(plain), /^HTTP\/1\.1 429 /);
    for (const variant of variants) {
      const answer = await server.raw(requestOf(variant));
      assert.match(answer, /^HTTP\/1\.1 (?:400|404|405|429) /, variant.line);
      assert.doesNotMatch(answer, /Unable to log in|"key"|"token"/, variant.line);
    }
  });

  test('B8: and each that is a try counts as one', async () => {
    await using server = await testServer(limited({ perAccount: '10000/5min', perNetwork: '10000/5min' }));
    await server.auth.accounts.create({ username: 'ann', password: 'tr1cky-enough-pw' });
    const rows = (): number => {
      const [counted] = server.rows(`SELECT count FROM counter WHERE key LIKE 'account:%'`);
      return Number(counted?.['count'] ?? 0);
    };
    let tries = 0;
    for (const variant of variants) {
      const answer = await server.raw(requestOf(variant));
      if (answer.includes('Unable to log in with provided credentials.')) tries++;
      assert.equal(rows(), tries, variant.line);
    }
    assert.ok(tries >= 5, `${tries} of the variants were tries`);
  });
});

describe('over a real connection', () => {
  test('B15, B16: a declared proxy names the client, and whoever is behind another is counted apart', async () => {
    await using server = await testServer({
      ...limited({ perNetwork: '2/min', perAccount: '1000/min' }),
      trustedProxies: ['127.0.0.1', '::1'],
    });
    const from = async (forwarded: string): Promise<number> => {
      const request = requestOf({ line: 'POST /auth/login/', headers: [`X-Forwarded-For: ${forwarded}`] });
      return Number((await server.raw(request)).split(' ')[1]);
    };
    const statuses: number[] = [];
    for (let time = 0; time < 3; time++) statuses.push(await from(`198.51.100.${time}, 192.0.2.1`));
    assert.deepEqual(statuses, [400, 400, 429]);
    assert.equal(await from('192.0.2.2'), 400);
  });

  test('B16: two headers of the name are one list', async () => {
    await using server = await testServer({
      ...limited({ perNetwork: '2/min', perAccount: '1000/min' }),
      trustedProxies: ['127.0.0.1', '::1'],
    });
    const statuses: number[] = [];
    for (let time = 0; time < 3; time++) {
      const headers = [`X-Forwarded-For: 198.51.100.${time}`, 'X-Forwarded-For: 192.0.2.1'];
      statuses.push(Number((await server.raw(requestOf({ line: 'POST /auth/login/', headers }))).split(' ')[1]));
    }
    assert.deepEqual(statuses, [400, 400, 429]);
  });
});
