/** The keys by which a server elsewhere checks tokens: those that were withdrawn are believed no more, nor is what they signed. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type JwsSigningKey, newPrivateKey, publicJwk, signingKeyFrom, signJws } from '../../src/crypto/jws.ts';
import { keySetAt } from '../../src/resource/token-keys.ts';
import { tokenReader } from '../../src/resource/token-reader.ts';

const ISSUER = 'https://id.example';

const newKey = async (id: string): Promise<JwsSigningKey> => signingKeyFrom('ES256', id, await newPrivateKey('ES256'));

/** A key set that can be changed, and a server that can go. */
async function published() {
  let keys: readonly JwsSigningKey[] = [];
  const server = createServer((_, response) => response.end(JSON.stringify({ keys: keys.map(publicJwk) })));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    publish(given: readonly JwsSigningKey[]): void {
      keys = given;
    },
    close,
  };
}

function tokenBy(key: JwsSigningKey, accountId: number): string {
  const claims = {
    token_type: 'access',
    exp: 4e9,
    iat: 1,
    user_id: accountId,
    sid: `ses_${accountId}`,
    iss: ISSUER,
    aud: ISSUER,
  };
  return signJws(key, 'at+jwt', claims);
}

test('G8: once a key is withdrawn nothing that it signed is believed, what was seen before as little', async () => {
  const set = await published();
  const [stolen, next] = [await newKey('1-1'), await newKey('2-1')];
  set.publish([stolen]);
  let now = 0;
  const reader = tokenReader(
    keySetAt(set.url, () => now),
    { issuer: ISSUER, audience: ISSUER },
  );
  const forged = tokenBy(stolen, 1);
  assert.equal((await reader(forged))?.accountId, 1);
  set.publish([next]);
  now += 30_000;
  assert.equal((await reader(forged))?.accountId, 1, 'it is read once a minute');
  now += 31_000;
  await reader(forged);
  for (let turn = 0; (await reader(forged)) !== null; turn++) {
    assert.ok(turn < 200, 'it is believed');
    await sleep(10);
  }
  assert.equal(await reader(tokenBy(stolen, 2)), null);
  assert.equal((await reader(tokenBy(next, 3)))?.accountId, 3);
  await set.close();
});

test('keys that cannot be read again are believed for ten minutes', async () => {
  const set = await published();
  const key = await newKey('1-1');
  set.publish([key]);
  let now = 0;
  const reader = tokenReader(
    keySetAt(set.url, () => now),
    { issuer: ISSUER, audience: ISSUER },
  );
  const token = tokenBy(key, 1);
  assert.equal((await reader(token))?.accountId, 1);
  await set.close();
  now += 9 * 60_000;
  assert.equal((await reader(token))?.accountId, 1);
  assert.equal((await reader(tokenBy(key, 2)))?.accountId, 2);
  now += 2 * 60_000;
  assert.equal(await reader(token), null);
  assert.equal(await reader(tokenBy(key, 3)), null);
});
