import assert from 'node:assert/strict';
import { describe, mock, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { type Outlook, type Signals, sessionSignals } from '../../src/sessions/signals.ts';

const DAY_MS = 86_400_000;
const LIVE: Outlook = { live: true, forMs: 30 * DAY_MS };

async function settle(): Promise<void> {
  for (let time = 0; time < 5; time++) await turn();
}

/** Runs with timers that are moved by hand. */
async function withSignals(run: (signals: Signals, firsts: () => number) => Promise<void>): Promise<void> {
  mock.timers.enable({ apis: ['setInterval', 'setTimeout'] });
  let firsts = 0;
  const signals = sessionSignals(() => firsts++);
  try {
    await run(signals, () => firsts);
  } finally {
    signals.close();
    mock.timers.reset();
  }
}

describe('the signal of a session', () => {
  test('costs nothing until the first is asked for, and endings are followed from then on', async () => {
    await withSignals(async (signals, firsts) => {
      assert.equal(firsts(), 0);
      for (const id of ['a', 'b', 'a']) signals.of(id, async () => LIVE);
      assert.equal(firsts(), 1);
    });
  });

  test('is one for all who ask, and another for another session', async () => {
    await withSignals(async (signals) => {
      const first = signals.of('a', async () => LIVE);
      assert.equal(
        signals.of('a', async () => LIVE),
        first,
      );
      assert.notEqual(
        signals.of('b', async () => LIVE),
        first,
      );
    });
  });

  test('fires with the reason that is given, for its session alone, and once', async () => {
    await withSignals(async (signals) => {
      const [ended, other] = ['a', 'b'].map((id) => signals.of(id, async () => LIVE));
      let fired = 0;
      ended?.addEventListener('abort', () => fired++);
      const reason = new Error('displaced');
      signals.abort('a', reason);
      signals.abort('a', new Error('again'));
      signals.abort('nobody’s', reason);
      assert.deepEqual([ended?.reason, fired, other?.aborted], [reason, 1, false]);
    });
  });

  test('fires at once where the session had ended before anybody asked', async () => {
    await withSignals(async (signals) => {
      const reason = new Error('signed out');
      const signal = signals.of('a', async () => ({ live: false, reason }));
      assert.equal(signal.aborted, false);
      await settle();
      assert.equal(signal.reason, reason);
    });
  });

  test('after it has fired, asking again asks anew', async () => {
    await withSignals(async (signals) => {
      const first = signals.of('a', async () => LIVE);
      signals.abort('a', new Error('over'));
      const second = signals.of('a', async () => ({ live: false, reason: new Error('still over') }));
      assert.notEqual(second, first);
      await settle();
      assert.equal(second.aborted, true);
    });
  });

  test('asks again when time alone may have ended the session: one that was used meanwhile lives on', async () => {
    await withSignals(async (signals) => {
      const reason = new Error('expired');
      const outlooks: Outlook[] = [
        { live: true, forMs: 1_000 },
        { live: true, forMs: 500 },
        { live: false, reason },
      ];
      let asked = 0;
      const signal = signals.of('a', async () => outlooks[asked++] ?? assert.fail('asked once too often'));
      await settle();
      mock.timers.tick(1_000);
      await settle();
      assert.equal(asked, 1);
      mock.timers.tick(1);
      await settle();
      assert.deepEqual([asked, signal.aborted], [2, false]);
      mock.timers.tick(501);
      await settle();
      assert.deepEqual([asked, signal.reason], [3, reason]);
    });
  });

  test('of a session that lives longer than a timer can count does not fire early', async () => {
    await withSignals(async (signals) => {
      let asked = 0;
      const signal = signals.of('a', async () => {
        asked++;
        return { live: true, forMs: 365 * DAY_MS };
      });
      signal.addEventListener('abort', () => assert.fail('fired'));
      await settle();
      mock.timers.tick(20 * DAY_MS);
      await settle();
      assert.equal(asked, 1);
      mock.timers.tick(5 * DAY_MS);
      await settle();
      assert.deepEqual([asked, signal.aborted], [2, false]);
    });
  });

  test('P5: of a store that cannot be asked just now stays as it is, and is asked again', async () => {
    await withSignals(async (signals) => {
      const reason = new Error('displaced');
      let isIll = true;
      const signal = signals.of('a', async () => {
        if (isIll) throw new Error('ill');
        return { live: false, reason };
      });
      signal.addEventListener('abort', () => undefined);
      await settle();
      assert.equal(signal.aborted, false);
      isIll = false;
      mock.timers.tick(30_001);
      await settle();
      assert.equal(signal.reason, reason);
    });
  });

  test('after the end, nothing fires and nothing is asked any more', async () => {
    await withSignals(async (signals) => {
      let asked = 0;
      const signal = signals.of('a', async () => {
        asked++;
        return { live: true, forMs: 1_000 };
      });
      await settle();
      signals.close();
      mock.timers.tick(60_000);
      await settle();
      signals.abort('a', new Error('over'));
      assert.deepEqual([asked, signal.aborted], [1, false]);
    });
  });

  test('P8: a listener that throws keeps the others from nothing', async () => {
    await withSignals(async (signals) => {
      const heard: string[] = [];
      const faults: unknown[] = [];
      const [ill, well] = ['a', 'b'].map((id) => signals.of(id, async () => LIVE));
      const onFault = (error: unknown) => faults.push(error);
      process.on('uncaughtException', onFault);
      const before = process.listeners('uncaughtException').filter((listener) => listener !== onFault);
      for (const listener of before) process.off('uncaughtException', listener);
      try {
        ill?.addEventListener('abort', () => {
          throw new Error('a fault of the host');
        });
        ill?.addEventListener('abort', () => heard.push('the second listener'));
        well?.addEventListener('abort', () => heard.push('the other session’s'));
        for (const id of ['a', 'b']) signals.abort(id, new Error('over'));
        await settle();
      } finally {
        for (const listener of before) process.on('uncaughtException', listener);
        process.off('uncaughtException', onFault);
      }
      assert.deepEqual(heard, ['the second listener', 'the other session’s']);
      assert.equal(faults.length, 1);
    });
  });
});
