/** A page hears of its end through all that may befall its connection. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { browserTests, type Person, turned, until } from './people.ts';

const TAKEN = /^You were signed out: this account signed in on /;

describe('F-30: what was missed is told afterwards', () => {
  const tests = browserTests();

  /** Somebody signed in with two tabs, and the browser that will put them out. */
  async function pair(username: string) {
    await tests.account(username);
    const [here, there] = [await tests.person(), await tests.person()];
    const first = await here.signIn(username);
    const second = await here.open('/account/profile/');
    await tests.listening(1);
    return { here, there, tabs: [first, second] as const };
  }

  async function close(...people: readonly Person[]): Promise<void> {
    for (const person of people) await person.close();
    await tests.listening(0);
  }

  test('connections broke, and came back before the end', async () => {
    const { here, there, tabs } = await pair('ann');
    tests.server().breakConnections();
    await tests.listening(0);
    await tests.listening(1);
    await there.enter('ann');
    for (const tab of tabs) assert.match(await turned(tab), TAKEN);
    await close(here, there);
  });

  test('connections broke, and the end came before they were back', async () => {
    const { here, there, tabs } = await pair('bea');
    tests.server().breakConnections();
    await there.enter('bea');
    for (const tab of tabs) assert.match(await turned(tab), TAKEN);
    await close(here, there);
  });

  test('the browser was without a network meanwhile', async () => {
    const { here, there, tabs } = await pair('cat');
    await here.context.setOffline(true);
    tests.server().breakConnections();
    await there.enter('cat');
    await here.context.setOffline(false);
    for (const tab of tabs) assert.match(await turned(tab), TAKEN);
    // The browser says in its console that it could not connect.
    here.faults.length = 0;
    await close(here, there);
  });

  test('the tab that listened for all was closed, and that after it was led elsewhere', async () => {
    const { here, there, tabs } = await pair('dan');
    const [first, second] = tabs;
    const third = await here.open('/account/');
    await first.close();
    await tests.listening(1);
    await second.goto(`${here.url}/healthz`);
    await until('the third listens', async () => {
      const { held = [] } = await third.evaluate(() => navigator.locks.query());
      return held.length === 1 && tests.server().assembled.parts.streams.count() === 1;
    });
    await there.enter('dan');
    assert.match(await turned(third), TAKEN);
    await close(here, there);
  });

  test('F-34: back again, it finds somebody else signed in in this browser, and does not go on in the wrong name', async () => {
    const { here, tabs } = await pair('eve');
    await tests.account('fay');
    const [first, second] = tabs;
    const key = await tests.server().signIn('fay');
    await here.context.addCookies([{ name: 'latchkey', value: key, url: here.url }]);
    tests.server().breakConnections();
    for (const tab of [first, second]) {
      await tab.waitForURL('**/signed-out/**');
      assert.match((await tab.textContent('main')) ?? '', /You are signed in as fay/);
    }
    await close(here);
  });

  test('a browser that has no locks or no channels between tabs: each tab listens for itself', async () => {
    await tests.account('gus');
    const [here, there] = [await tests.person(), await tests.person()];
    await here.context.addInitScript(() => {
      Reflect.deleteProperty(globalThis, 'BroadcastChannel');
      Reflect.deleteProperty(Navigator.prototype, 'locks');
    });
    const tabs = [await here.signIn('gus'), await here.open('/account/devices/')];
    await tests.listening(2);
    await there.enter('gus');
    for (const tab of tabs) assert.match(await turned(tab), TAKEN);
    await close(here, there);
  });
});

describe('P2: where an account may hold one stream', () => {
  const tests = browserTests({ sessions: { limit: 2 }, events: { perAccount: 1 } });

  test('a second browser works without one, and says at its next click what the other is told at once', async () => {
    const id = await tests.account('ann');
    const [one, other] = [await tests.person(), await tests.person()];
    const told = await one.signIn('ann');
    await tests.listening(1);
    const refused = other.context.waitForEvent('response', (response) => response.url().endsWith('/auth/events/'));
    const untold = await other.signIn('ann');
    assert.equal((await refused).status(), 429);
    await untold.click('text=Devices');
    assert.equal(await untold.locator('main li').count(), 2);
    await tests.server().auth.sessions.endAll(id);
    assert.match(await turned(told), /this device was removed/);
    // The stream of the other is free now: this page may take it and turn by itself, before the click or amid it.
    await untold.goto(new URL('/account/', untold.url()).href).catch(() => undefined);
    assert.match((await untold.textContent('main [role=status]')) ?? '', /this device was removed/);
    await one.close();
    await other.close();
  });
});
