/** What the feed of the Redis store must do on every kind of deployment. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { voidedGate } from '../../src/model/account.ts';
import type { RedisStore } from '../../src/stores/redis/store.ts';
import { type Listener, listen } from './redis-listener.ts';
import { admission, DEVICE, newGate, signIn, type World } from './redis-parts.ts';

/** What was heard so far of an account's changes. */
function changesOf({ heard }: Listener, accountId: number): readonly string[] {
  return heard.filter((text) => text.includes(' changed ') && text.endsWith(` ${accountId}`));
}

async function withListeners(
  world: World,
  run: (writer: RedisStore, mine: Listener, other: Listener) => Promise<void>,
): Promise<void> {
  const mine = await listen(world.store);
  const other = await listen(await world.connect());
  try {
    await run(world.store, mine, other);
  } finally {
    await mine.line.close();
    await other.line.close();
  }
}

export const feedCases: Readonly<Record<string, (world: World) => Promise<void>>> = {
  'what ends a session or alters it is heard by every node, and what does not is not': (world) =>
    withListeners(world, async (store, mine, other) => {
      const gate = newGate();
      const { accountId } = gate;
      const lane = mine.feed.laneOf(accountId);
      const heardAfter = async (work: () => Promise<unknown>): Promise<number> => {
        const before = changesOf(other, accountId).length;
        await work();
        mine.line.beat(lane, mine.heard.length);
        const from = other.heard.length;
        await other.until(new RegExp(`^${lane} beat ${mine.feed.node} `), from);
        return changesOf(other, accountId).length - before;
      };
      assert.equal(await heardAfter(() => signIn(store, gate)), 0, 'nobody was displaced');
      const first = await signIn(store, gate, { max: 2 });
      const touch = { tokens: [first.token], idleMs: 1 };
      assert.equal(await heardAfter(() => store.sessions.touch(touch)), 0);
      assert.equal(await heardAfter(() => signIn(store, gate, { max: 1 })), 1, 'displaced');
      const shown = { ...gate, revision: 2, roles: ['a'] };
      const request = admission(shown, { max: 'unlimited' });
      assert.equal(await heardAfter(() => store.sessions.admit(request)), 1, 'roles');
      assert.equal(await heardAfter(() => store.sessions.admit(request)), 0, 'asked again: nobody was displaced by it');
      const displacing = admission(shown, { max: 1 });
      assert.equal(await heardAfter(() => store.sessions.admit(displacing)), 1);
      assert.equal(await heardAfter(() => store.sessions.admit(displacing)), 1, 'asked again, it waits again');
      const voided = voidedGate(shown, { reason: 'revoked', kept: null });
      assert.equal(await heardAfter(() => store.sessions.raise(voided)), 1, 'gate');
      assert.equal(await heardAfter(() => store.sessions.raise(voided)), 1, 'gate again: another may still wait');
      const { session } = await signIn(store, voided);
      const end = { accountId, sessionId: session.id, by: null, reason: 'signed_out' } as const;
      assert.equal(await heardAfter(() => store.sessions.end(end)), 1, 'end');
      assert.equal(await heardAfter(() => store.sessions.end(end)), 1, 'end again');
      assert.equal(await heardAfter(() => store.sessions.end({ ...end, sessionId: 'ses_none' })), 0);
      assert.deepEqual(changesOf(mine, accountId), changesOf(other, accountId), 'one order');
    }),

  'a change is heard before every beat that was sent after it, by all, under load': (world) =>
    withListeners(world, async (store, mine, other) => {
      const gates = Array.from({ length: 20 }, () => newGate());
      for (const gate of gates) await signIn(store, gate);
      let count = 0;
      const changed: { readonly change: string; readonly beat: string }[] = [];
      const rounds = gates.map(async (gate) => {
        for (let turn = 0; turn < 15; turn++) {
          await signIn(store, gate);
          const notice = mine.committed.findLast(({ accountId }) => accountId === gate.accountId);
          const { lane, number } = notice ?? { lane: -1, number: -1 };
          mine.line.beat(lane, ++count);
          changed.push({
            change: `${lane} changed ${mine.feed.node} ${number} ${gate.accountId}`,
            beat: `${lane} beat ${mine.feed.node} ${count}`,
          });
        }
      });
      await Promise.all(rounds);
      assert.equal(changed.length, 300);
      for (const listener of [mine, other]) {
        for (const { change, beat } of changed) {
          await listener.until(beat);
          const at = listener.heard.indexOf(change);
          assert.ok(at >= 0 && at < listener.heard.indexOf(beat), `${change} before ${beat}`);
        }
      }
    }),

  'a call returns when what it committed was heard by those who might not know': (world) =>
    withListeners(world, async (store, mine) => {
      const gate = newGate();
      await signIn(store, gate);
      const { promise, resolve } = Promise.withResolvers<void>();
      mine.hold(promise);
      let isDone = false;
      const displacing = signIn(store, gate).then(() => {
        isDone = true;
      });
      const [lane, number] = [mine.feed.laneOf(gate.accountId), /changed \S+ (\d+)/];
      const told = await mine.until(new RegExp(`changed .* ${gate.accountId}$`));
      await sleep(20);
      assert.equal(isDone, false);
      assert.deepEqual(mine.committed, [{ lane, number: Number(number.exec(told)?.[1]), accountId: gate.accountId }]);
      resolve();
      await displacing;
    }),

  'a node tells the writer what it has heard, and everybody that it leaves': (world) =>
    withListeners(world, async (_, mine, other) => {
      other.line.acknowledge(mine.feed.node, [1, 2, 30]);
      await mine.until(`ack ${other.feed.node} 1,2,30`);
      await other.line.leave();
      for (let lane = 0; lane < mine.feed.lanes; lane++) await mine.until(`${lane} left ${other.feed.node}`);
      assert.ok(!mine.heard.some((text) => text.startsWith('down')));
    }),

  'a connection that is given up is down at once, is made anew, and hears again': (world) =>
    withListeners(world, async (_, mine, other) => {
      for (const lane of [0, mine.feed.lanes - 1]) {
        const from = mine.heard.length;
        mine.line.reconnect(lane);
        assert.ok(mine.heard.slice(from).includes(`down ${lane}`), 'down before anything else is done');
        await mine.until(`up ${lane}`, from);
        other.line.beat(lane, 77);
        await mine.until(`${lane} beat ${other.feed.node} 77`, from);
        mine.line.beat(lane, 78);
        await mine.until(`${lane} beat ${mine.feed.node} 78`, from);
      }
    }),

  'a line that was closed hears and says nothing more, and leaves room for another': (world) =>
    withListeners(world, async (store, mine, other) => {
      await other.line.close();
      const [count, from] = [other.heard.length, mine.heard.length];
      assert.equal(other.heard.filter((text) => text.startsWith('down')).length, other.feed.lanes);
      other.line.beat(0, 5);
      other.line.acknowledge(mine.feed.node, [1]);
      const gate = newGate();
      await signIn(store, gate);
      await signIn(store, gate, { device: DEVICE });
      await mine.until(/changed/, from);
      assert.equal(other.heard.length, count);
      await mine.line.close();
      const again = await listen(store);
      await again.line.close();
    }),
};
