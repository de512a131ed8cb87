/** What an app hears of sessions that end at another node: `onEnded` and `signal`, on each store that nodes may share. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { type EndingNotice, type Latchkey, SessionEnded } from 'latchkey';
import { open } from '../../src/latchkey.ts';
import { type TestClock, testClock } from '../../src/testing/clock.ts';
import { ask, PASSWORD, signedIn } from '../library/device.ts';
import { QUICK } from '../serving.ts';
import { until } from './fleet.ts';
import { type Environment, onEachPlace } from './places.ts';

async function node(environment: Environment, clock?: TestClock): Promise<Latchkey> {
  const { auth, assembled } = await open(
    { ...(clock && { clock }), log: { info() {}, warn() {}, error() {} } },
    { environment: { ...QUICK, ...environment }, role: 'node' },
  );
  await assembled.announce();
  return auth;
}

async function hearsOfOthers(environment: Environment): Promise<void> {
  const [here, there] = [await node(environment), await node(environment)];
  try {
    const { id } = await here.accounts.create({ username: 'ann', password: PASSWORD });
    const heard: EndingNotice[] = [];
    there.sessions.onEnded((ending) => heard.push(ending));
    const [device] = await signedIn(here, 1);
    const who = await there.authenticate({ authorization: `Token ${device?.key}` });
    const { signal } = who.signedIn ? who : assert.fail(who.code);
    const began = performance.now();
    await signedIn(here, 1);
    await until('its signal fires', async () => signal.aborted);
    await until('the listener hears', async () => heard.length > 0);
    assert.ok(performance.now() - began < 1_500);
    assert.ok(signal.reason instanceof SessionEnded && signal.reason.code === 'session_displaced');
    await here.sessions.endAll(id);
    await until('the listener hears the rest', async () => heard.length === 2);
    assert.deepEqual(
      heard.map(({ accountId, reason }) => [accountId, reason]),
      [
        [id, 'displaced'],
        [id, 'revoked'],
      ],
    );
  } finally {
    await here.close();
    await there.close();
  }
}

const SET_UP = '/auth/mfa/totp/activate/';

/** Both nodes remember a session that is not fresh; what its holder shows at one counts at the other at once. */
async function stepsUpForOthers(environment: Environment): Promise<void> {
  const clock = testClock();
  const [here, there] = [await node(environment, clock), await node(environment, clock)];
  try {
    await here.accounts.create({ username: 'ann', password: PASSWORD });
    const [device] = await signedIn(here, 1);
    const key = device?.key ?? assert.fail();
    const headers = { authorization: `Token ${key}` };
    clock.advance(11 * 60_000);
    for (let times = 0; times < 20; times++) {
      // What a node read after the step-up it takes for fresh until it reads again: its own clock did not jump.
      for (const at of [here, there])
        await until('it is not fresh', async () => (await ask(at, 'GET', SET_UP, { headers })).status === 403);
      const done = await ask(here, 'POST', '/auth/reauthenticate/', { headers, body: { password: PASSWORD } });
      assert.equal(done.status, 200, done.text);
      for (const at of [there, here]) assert.equal((await ask(at, 'GET', SET_UP, { headers })).status, 200);
      clock.advance(11 * 60_000);
    }
  } finally {
    await here.close();
    await there.close();
  }
}

describe('P6: an app hears of what ends at another node', () => {
  onEachPlace(hearsOfOthers, ['strict', 'acked', 'bounded']);
});

describe('V7.5.1: a step-up at one node counts at the other', () => {
  onEachPlace(stepsUpForOthers, ['strict', 'acked', 'bounded']);
});
