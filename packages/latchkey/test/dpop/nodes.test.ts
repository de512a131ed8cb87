/** Proofs that were seen, and several nodes: on each store that nodes may share, and after a restart. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { PASSWORD } from '../http/serving.ts';
import { type Environment, onEachPlace } from '../nodes/places.ts';
import { QUICK, type ServingProcess, startServer } from '../serving.ts';
import { ORIGIN } from './client.ts';
import { athOf, newKey, proofOf } from './prover.ts';

const ME = '/auth/session/';
const key = newKey();

function proofFor(method: string, path: string, nonce: string | null, token: string): string {
  const payload = { htm: method, htu: ORIGIN + path, iat: Math.floor(Date.now() / 1000) };
  return proofOf(key, {
    payload: { ...payload, ...(nonce !== null && { nonce }), ...(token !== '' && { ath: athOf(token) }) },
  });
}

async function ask(url: string, path: string, headers: Record<string, string>, json?: unknown): Promise<Response> {
  return await fetch(url + path, {
    ...(json !== undefined && { method: 'POST', body: JSON.stringify(json) }),
    headers: { ...headers, ...(json !== undefined && { 'content-type': 'application/json' }) },
  });
}

/** Signs in at a node with the key; the token, and a nonce for what is asked next. */
async function signIn(url: string): Promise<{ readonly token: string; readonly nonce: string }> {
  const path = '/auth/login/';
  let nonce: string | null = null;
  for (const _ of ['to be given a nonce', 'with it']) {
    const dpop = proofFor('POST', path, nonce, '');
    const answer = await ask(url, path, { dpop }, { username: 'ann', password: PASSWORD });
    nonce = answer.headers.get('dpop-nonce');
    if (answer.status !== 200) continue;
    const { key: token } = (await answer.json()) as { readonly key: string };
    return { token, nonce: nonce ?? assert.fail() };
  }
  return assert.fail('nobody was signed in');
}

/** Two nodes; one of them is killed and comes back. */
async function seesProofsOnce(environment: Environment): Promise<void> {
  const settings = { ...QUICK, LATCHKEY_ORIGIN: ORIGIN, LATCHKEY_SESSION_LIMIT: '3', ...environment };
  const start = (): Promise<ServingProcess> => startServer('unused', settings);
  const [here, there] = [await start(), await start()];
  let again: ServingProcess | null = null;
  try {
    const registration = { username: 'ann', password1: PASSWORD, password2: PASSWORD };
    assert.equal((await ask(here.url, '/auth/registration/', {}, registration)).status, 201);
    const { token, nonce } = await signIn(here.url);
    const shown = (url: string, dpop: string) => ask(url, ME, { authorization: `DPoP ${token}`, dpop });
    const reasonOf = async (answer: Promise<Response>): Promise<string> =>
      (await answer).headers.get('latchkey-reason') ?? String((await answer).status);

    const seen = proofFor('GET', ME, nonce, token);
    assert.equal(await reasonOf(shown(here.url, seen)), '200');
    assert.equal(await reasonOf(shown(there.url, seen)), 'invalid_dpop_proof', 'on the other node');
    assert.equal(await reasonOf(shown(here.url, seen)), 'invalid_dpop_proof', 'on the same');

    const raced = proofFor('GET', ME, nonce, token);
    const urls = Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? here.url : there.url));
    const reasons = await Promise.all(urls.map((url) => reasonOf(shown(url, raced))));
    assert.equal(reasons.filter((reason) => reason === '200').length, 1);
    assert.equal(reasons.filter((reason) => reason === 'invalid_dpop_proof').length, 19);

    await here.stop('SIGKILL');
    again = await start();
    for (const dpop of [seen, raced])
      assert.equal(await reasonOf(shown(again.url, dpop)), 'invalid_dpop_proof', 'after a restart');
    const fresh = proofFor('GET', ME, nonce, token);
    assert.equal(await reasonOf(shown(again.url, fresh)), '200', 'the nonce of a node is good on each');
    assert.equal(await reasonOf(ask(there.url, ME, { authorization: `Token ${token}` })), 'invalid_token');
  } finally {
    for (const node of [here, there, again]) await node?.stop('SIGKILL');
  }
}

describe('M9, M10, M11: a proof that one node has seen is refused by every other, and after a restart', () => {
  onEachPlace(seesProofsOnce, ['strict', 'acked', 'bounded']);
});
