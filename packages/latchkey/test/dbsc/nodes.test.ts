/** Sessions that browsers bind, and several nodes: on each store that nodes may share, and after a restart. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { PASSWORD } from '../http/serving.ts';
import { type Environment, onEachPlace } from '../nodes/places.ts';
import { QUICK, type ServingProcess, startServer } from '../serving.ts';
import { BOUND, Device, givesNone, ME, newDeviceKey, ORIGIN, REGISTER, reasonOf, SESSION } from './device.ts';

const key = await newDeviceKey();
const CHALLENGED = '403 dbsc_challenge';

/** Two nodes; one of them is killed and comes back. */
async function bindsOnEachNode(environment: Environment): Promise<void> {
  const settings = { ...QUICK, LATCHKEY_ORIGIN: ORIGIN, LATCHKEY_SESSION_LIMIT: '3', ...environment };
  const start = (): Promise<ServingProcess> => startServer('unused', settings);
  const [here, there] = [await start(), await start()];
  let again: ServingProcess | null = null;
  try {
    const ann = new Device(here.url, key);
    const at = (node: ServingProcess): Device => Object.assign(ann, { url: node.url });
    const registration = { username: 'ann', password1: PASSWORD, password2: PASSWORD };
    assert.equal((await ann.ask('/auth/registration/', { json: registration, cookies: new Map() })).status, 201);
    await ann.signIn();
    const alone = { cookies: ann.copied(SESSION) };
    for (const node of [here, there]) assert.equal(reasonOf(await at(node).ask(ME, alone)), '200', 'not bound yet');

    const proof = await at(here).registrationProof();
    const headers = { 'secure-session-response': proof };
    const nodes = Array.from({ length: 10 }, (_, index) => (index % 2 === 0 ? here : there));
    const bound = await Promise.all(nodes.map((node) => at(node).ask(REGISTER, { method: 'POST', headers })));
    assert.equal(bound.filter(({ status }) => status === 200).length, 1, 'one of ten on two nodes');
    const winner = bound.find(({ status }) => status === 200) ?? assert.fail();
    ann.id = ((await winner.json()) as { session_identifier: string }).session_identifier;
    ann.take(winner);
    for (const node of [there, here]) {
      assert.equal(reasonOf(await at(node).ask(ME, alone)), '401 invalid_token', 'M24: at once, on each');
      assert.equal(reasonOf(await at(node).ask(ME)), '200', 'each takes what another gave');
    }

    const seen = await ann.refreshProof();
    assert.equal((await at(here).renew(seen)).status, 200);
    assert.equal(reasonOf(await at(there).renew(seen)), CHALLENGED, 'on the other node');
    assert.equal((await at(there).refresh()).status, 200, 'a challenge of a node is good on each');
    const raced = await ann.refreshProof();
    const answers = await Promise.all([...nodes, ...nodes].map((node) => at(node).renew(raced)));
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    assert.ok(answers.every((answer) => answer.status === 200 || givesNone(answer)));

    await here.stop('SIGKILL');
    again = await start();
    for (const old of [seen, raced]) assert.equal(reasonOf(await at(again).renew(old)), CHALLENGED, 'after a restart');
    assert.equal((await at(again).refresh()).status, 200);
    assert.equal(reasonOf(await at(again).ask(ME)), '200');

    const copied = { cookies: ann.copied(SESSION, BOUND) };
    const last = await ann.refreshProof();
    assert.equal((await at(again).ask('/auth/logout/', { form: {} })).status, 200);
    const over = await at(there).renew(last);
    assert.deepEqual([over.status, await over.json(), givesNone(over)], [200, { continue: false }, true], 'M23');
    assert.equal((await at(there).ask(ME, copied)).status, 401);
  } finally {
    for (const node of [here, there, again]) await node?.stop('SIGKILL');
  }
}

describe('M20–M24, I15: a session is bound once, on every node, and no challenge is signed twice', () => {
  onEachPlace(bindsOnEachNode, ['strict', 'acked']);
});
