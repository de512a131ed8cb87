/** F15: where a provider is asked, and how much of its answer is read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fetchFor } from '../../src/credentials/social/bounded-fetch.ts';
import { standIn } from './stand-in.ts';

const GET = { method: 'GET', headers: {} };

test('F15: a provider of https sends nobody to plain http, nor one of this machine elsewhere', async () => {
  await using here = await standIn();
  const ofHttps = fetchFor({ issuer: 'https://id.example', endpoints: null });
  await assert.rejects(ofHttps(`${here.url}/jwks`, GET), /only https/);
  const ofHere = fetchFor({ issuer: here.url, endpoints: null });
  await assert.rejects(ofHere('http://192.0.2.1/', GET), /only https/);
  await assert.rejects(ofHere('file:///etc/hosts', GET), /only https/);
  assert.equal(here.asked.length, 0);
  assert.equal((await ofHere(`${here.url}/jwks`, GET)).status, 200);
});

test('F15: an answer of more than a megabyte is not read', async () => {
  await using here = await standIn();
  const ask = fetchFor({ issuer: here.url, endpoints: null });
  here.says.set('/long', () => ({ text: 'x'.repeat(1_000_001) }));
  await assert.rejects(ask(`${here.url}/long`, GET), /too long/);
  here.says.set('/long', () => ({ text: 'x'.repeat(1_000_000) }));
  assert.equal((await (await ask(`${here.url}/long`, GET)).text()).length, 1_000_000);
});
