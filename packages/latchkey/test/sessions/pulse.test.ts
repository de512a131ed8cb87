import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coherence } from '../../src/sessions/coherence.ts';
import { startPulse } from '../../src/sessions/pulse.ts';
import type { FeedLine } from '../../src/stores/feed.ts';

test('a feed that brings nothing back is told of in one warning, and of one that does there is none', (context) => {
  context.mock.timers.enable({ apis: ['setInterval'] });
  const told = (isMute: boolean): readonly string[] => {
    let ms = 0;
    const warnings: string[] = [];
    const protocol = coherence('n', 1, () => ms);
    protocol.up(0);
    const line: FeedLine = {
      beat(lane, count) {
        if (!isMute) protocol.hear(lane, { kind: 'beat', node: 'n', count });
      },
      ...{ acknowledge: () => undefined, leave: async () => undefined, close: async () => undefined },
      reconnect: () => undefined,
    };
    const pulse = startPulse({
      ...{ protocol, line, lanes: 1, now: () => ms, wallClock: () => ms, onReconnect: () => undefined },
      warn: (_, message) => void warnings.push(message),
    });
    for (let turn = 0; turn < 50; turn++) {
      ms += 200;
      context.mock.timers.tick(200);
      if (ms === 2_000) assert.deepEqual(warnings, [], 'it may still come');
    }
    pulse.stop();
    return warnings;
  };
  const warnings = told(true);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /every check reads the store.*LATCHKEY_FEED_URL.*LATCHKEY_CHECKS=strict/s);
  assert.deepEqual(told(false), []);
});
