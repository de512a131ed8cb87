/** A key of WebCrypto that cannot be taken out of its browser, kept in IndexedDB by an app of another origin. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { PASSWORD } from '../http/serving.ts';
import { browserTests, type Person, until } from './people.ts';

const ORIGIN = 'http://id.localhost';

type Told = {
  readonly status: number;
  readonly reason: string | null;
  readonly challenge: string | null;
  readonly nonce: string | null;
  readonly body: Readonly<Record<string, unknown>>;
};

/** What the app has as its script: WebCrypto, IndexedDB and `fetch`, and nothing of ours. */
const SCRIPT = `
const base64url = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
const encoded = (value) => base64url(new TextEncoder().encode(JSON.stringify(value)));
const done = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

async function keyPair() {
  const opening = indexedDB.open('keys');
  opening.onupgradeneeded = () => opening.result.createObjectStore('keys');
  const db = await done(opening);
  const kept = await done(db.transaction('keys').objectStore('keys').get('own'));
  if (kept) return kept;
  const made = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);
  await done(db.transaction('keys', 'readwrite').objectStore('keys').put(made, 'own'));
  return made;
}

async function proofFor(method, url, nonce, token) {
  const { privateKey, publicKey } = await keyPair();
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', publicKey);
  const claims = { htm: method, htu: url, iat: Math.floor(Date.now() / 1000), jti: crypto.randomUUID() };
  if (nonce) claims.nonce = nonce;
  if (token) claims.ath = base64url(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token)));
  const signed = encoded({ typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } }) + '.' + encoded(claims);
  const by = { name: 'ECDSA', hash: 'SHA-256' };
  return signed + '.' + base64url(await crypto.subtle.sign(by, privateKey, new TextEncoder().encode(signed)));
}

window.ask = async (method, path, { nonce, token, scheme = 'DPoP', json } = {}) => {
  const url = '${ORIGIN}' + path;
  const headers = { DPoP: await proofFor(method, url, nonce, token) };
  if (token) headers.Authorization = scheme + ' ' + token;
  if (json) headers['Content-Type'] = 'application/json';
  const answer = await fetch(url, { method, headers, body: json && JSON.stringify(json) });
  const header = (name) => answer.headers.get(name);
  return {
    status: answer.status,
    reason: header('Latchkey-Reason'),
    challenge: header('WWW-Authenticate'),
    nonce: header('DPoP-Nonce'),
    body: await answer.json(),
  };
};

window.exported = async () => {
  const { privateKey } = await keyPair();
  return await crypto.subtle.exportKey('pkcs8', privateKey).then(() => 'taken', (error) => error.name);
};
`;

/** Where the app is: on a port of its own, before the server is told of it. */
const app = createServer((req, res) => {
  const isScript = req.url === '/app.js';
  res.setHeader('Content-Type', isScript ? 'text/javascript' : 'text/html');
  res.end(
    isScript
      ? SCRIPT
      : '<!doctype html><title>App</title><link rel="icon" href="data:,"><script src="/app.js"></script>',
  );
});
await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve));
const APP = `http://127.0.0.1:${(app.address() as AddressInfo).port}`;

describe('a key that cannot leave its browser', () => {
  const tests = browserTests({ origin: ORIGIN, corsOrigins: [APP] });

  after(() => {
    app.closeAllConnections();
    app.close();
  });

  async function appOf(person: Person): Promise<Page> {
    const page = await person.context.newPage();
    await page.goto(`${APP}/`);
    return page;
  }

  const ask = async (page: Page, method: string, path: string, given: object): Promise<Told> =>
    await page.evaluate(`ask(${[method, path, given].map((value) => JSON.stringify(value)).join()})`);

  test('F-19, M11, M15: binds what it signs in, works after a reload, and the key that it got works nowhere else', async () => {
    await tests.account('ann');
    const here = await tests.person();
    const page = await appOf(here);
    const login = { json: { username: 'ann', password: PASSWORD } };
    const first = await ask(page, 'POST', '/auth/login/', login);
    assert.deepEqual([first.status, first.reason], [400, 'use_dpop_nonce']);
    const signedIn = await ask(page, 'POST', '/auth/login/', { ...login, nonce: first.nonce });
    assert.deepEqual([signedIn.status, signedIn.body['token_type']], [200, 'DPoP']);
    const given = { token: signedIn.body['key'], nonce: signedIn.nonce };
    assert.equal(await page.evaluate('exported()'), 'InvalidAccessError');

    assert.equal((await ask(page, 'GET', '/auth/session/', given)).status, 200);
    await page.reload();
    const me = await ask(page, 'GET', '/auth/session/', given);
    assert.deepEqual([me.status, me.body['token_type']], [200, 'DPoP'], 'the key outlives the page');
    const unasked = await ask(page, 'GET', '/auth/session/', { token: given.token });
    assert.deepEqual([unasked.status, unasked.reason], [401, 'use_dpop_nonce']);
    assert.match(unasked.challenge ?? '', /^DPoP error="use_dpop_nonce"/, 'the page may read it');

    const there = await tests.person();
    const thief = await appOf(there);
    const stolen = await ask(thief, 'GET', '/auth/session/', given);
    assert.deepEqual([stolen.status, stolen.reason], [401, 'invalid_dpop_proof']);
    const bare = await fetch(`${tests.server().url}/auth/session/`, {
      headers: { authorization: `Bearer ${String(given.token)}` },
    });
    assert.equal(bare.status, 401);
    assert.equal((await ask(page, 'GET', '/auth/session/', given)).status, 200, 'its owner goes on');
    await until('the owner is told', () =>
      tests.server().mailbox.mails.some(({ to, subject }) => to === 'ann@example.com' && /copied key/.test(subject)),
    );
    await here.close();
    await there.close();
  });
});
