import assert from 'node:assert/strict';
import { test } from 'node:test';
import { watched } from '../../src/stores/apart/watched.ts';
import type { Feed, FeedLine, FeedMember, FeedMessage } from '../../src/stores/feed.ts';

const CHANGED: FeedMessage = { kind: 'changed', node: 'other', number: 1, accountId: 1 };

/** A feed with room for one member, as stores have it. */
function feedOfOne() {
  const state: { member: FeedMember | null } = { member: null };
  const line: FeedLine = {
    ...{
      beat: () => undefined,
      acknowledge: () => undefined,
      leave: async () => undefined,
      reconnect: () => undefined,
    },
    async close() {
      state.member = null;
    },
  };
  const feed: Feed = {
    ...{ node: 'n', lanes: 1, laneOf: () => 0 },
    join(member) {
      assert.equal(state.member, null, 'one at a time');
      state.member = member;
      return line;
    },
  };
  return { feed, state };
}

const remembering = (heard: FeedMessage[]): FeedMember => ({
  ...{ up: () => undefined, down: () => undefined, acknowledged: () => undefined, committed: async () => undefined },
  heard: (_, message) => void heard.push(message),
});

test('P6: who is told of endings listens where the node remembers nothing, and leaves with the last of them', async () => {
  const { feed, state } = feedOfOne();
  const told: string[] = [];
  const { watch } = watched(feed);
  const stops = [watch(() => void told.push('a')), watch(() => void told.push('b'))];
  state.member?.heard(0, { kind: 'beat', node: 'other', count: 1 });
  assert.deepEqual(told, []);
  state.member?.heard(0, CHANGED);
  assert.deepEqual(told, ['a', 'b']);
  state.member?.up(0);
  assert.equal(told.length, 4, 'what was said meanwhile was missed');
  await state.member?.committed({ lane: 0, number: 1, accountId: 1 });
  stops[0]?.();
  assert.notEqual(state.member, null);
  stops[1]?.();
  assert.equal(state.member, null);
});

test('a node that remembers listens for them, whoever came first', () => {
  const { feed, state } = feedOfOne();
  const told: string[] = [];
  const heard: FeedMessage[] = [];
  const both = watched(feed);
  const stops = [both.watch(() => void told.push('a'))];
  both.feed.join(remembering(heard));
  stops.push(both.watch(() => void told.push('b')));
  state.member?.heard(0, CHANGED);
  assert.deepEqual([told, heard], [['a', 'b'], [CHANGED]]);
  for (const stop of stops) stop();
  assert.notEqual(state.member, null, 'the node stays');
});
