/** Tokens and several nodes: on each store that nodes may share, and after all of them were started again. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { PASSWORD } from '../http/serving.ts';
import { type Environment, onEachPlace } from '../nodes/places.ts';
import { QUICK, type ServingProcess, startServer } from '../serving.ts';
import { type Pair, partsIn, said } from './tokens.ts';

async function post(url: string, path: string, json: unknown): Promise<{ readonly said: string; readonly pair: Pair }> {
  const answer = await fetch(url + path, {
    method: 'POST',
    body: JSON.stringify(json),
    headers: { 'content-type': 'application/json' },
  });
  return { said: said(answer.status, answer.headers), pair: (await answer.json()) as Pair };
}

const refresh = (url: string, token: string) => post(url, '/auth/token/refresh/', { refresh: token });

async function check(url: string, access: string): Promise<string> {
  const { status, headers } = await fetch(`${url}/auth/session/`, { headers: { authorization: `Bearer ${access}` } });
  return said(status, headers);
}

const ORIGIN = 'http://127.0.0.1:8787';

/** Two nodes, which are killed and come back. */
async function keepsOneFamily(environment: Environment): Promise<void> {
  const settings = {
    ...QUICK,
    LATCHKEY_JWT: 'true',
    LATCHKEY_JWT_HTTPONLY: 'false',
    LATCHKEY_ORIGIN: ORIGIN,
    ...environment,
  };
  const start = (): Promise<ServingProcess> => startServer('unused', settings);
  const nodes = [await start(), await start()];
  const [here, there] = nodes.map(({ url }) => url) as [string, string];
  try {
    const credentials = { username: 'ann', password: PASSWORD };
    const registration = { username: 'ann', password1: PASSWORD, password2: PASSWORD };
    const { pair: first } = await post(here, '/auth/registration/', registration);
    assert.deepEqual([await check(here, first.access), await check(there, first.access)], ['200', '200']);

    const raced = await Promise.all(
      Array.from({ length: 20 }, (_, turn) => refresh(turn % 2 === 0 ? here : there, first.refresh)),
    );
    assert.deepEqual([...new Set(raced.map((one) => one.said))], ['200'], 'G2');
    assert.equal(new Set(raced.map(({ pair }) => partsIn(pair.refresh).payload['jti'])).size, 1);
    const { pair: second } = await refresh(there, raced[0]?.pair.refresh ?? '');

    // L8, F-14: displaced on one, refused on the other, from the answer on.
    const { pair: other } = await post(there, '/auth/login/', credentials);
    assert.equal(await check(here, second.access), '401 session_displaced');
    assert.equal((await refresh(here, second.refresh)).said, '401 session_displaced');

    const { pair: next } = await refresh(here, other.refresh);
    await Promise.all(nodes.map((node) => node.stop('SIGKILL')));
    nodes.splice(0, 2, await start(), await start());
    const [again, anew] = nodes.map(({ url }) => url) as [string, string];
    assert.equal(await check(again, next.access), '200', 'the key that signs is kept');
    await new Promise((resolve) => setTimeout(resolve, 10_500));
    assert.equal((await refresh(again, other.refresh)).said, '401 session_revoked', 'G3');
    for (const url of [again, anew]) {
      assert.equal(await check(url, next.access), '401 session_revoked');
      assert.equal((await refresh(url, next.refresh)).said, '401 session_revoked');
    }
  } finally {
    for (const node of nodes) await node.stop('SIGKILL');
  }
}

describe('G2, G3, L8, F-14: one family on two nodes, and after both were started again', () => {
  onEachPlace(keepsOneFamily, ['acked']);
});
