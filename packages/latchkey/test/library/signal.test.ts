/** `signal` and `onEnded`: how what outlives its check hears that the session is over. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type EndingNotice, type Latchkey, SessionEnded } from 'latchkey';
import { type Nodes, onOneFile, PASSWORD, signedIn, until, withAnn } from './device.ts';

type Headers_ = Readonly<Record<string, string>>;

async function signalOf(auth: Latchkey, headers: Headers_): Promise<AbortSignal> {
  const who = await auth.authenticate(headers);
  return who.signedIn ? who.signal : assert.fail(who.code);
}

/** Waits for the signal, and tells why it fired. */
async function firing(signal: AbortSignal): Promise<string> {
  await until(() => signal.aborted);
  assert.ok(signal.reason instanceof SessionEnded);
  return signal.reason.code;
}

async function keyOf(auth: Latchkey): Promise<Headers_> {
  const [device] = await signedIn(auth, 1);
  return { authorization: `Token ${device?.key}` };
}

/** Two nodes on one file, with one clock and the account `ann`. */
async function twoNodes(open: Nodes, sessions: { readonly limit?: number; readonly lifetimeDays?: number } = {}) {
  const here = await open({ sessions });
  const there = await open({ sessions, clock: here.clock });
  await here.auth.accounts.create({ username: 'ann', password: PASSWORD });
  return { here: here.auth, there: there.auth, clock: here.clock };
}

const gc = (() => {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
})();

describe('signal', () => {
  const ends: Readonly<Record<string, (auth: Latchkey, headers: Headers_) => Promise<unknown>>> = {
    session_displaced: (auth) => signedIn(auth, 1),
    signed_out: (auth, headers) =>
      auth.handler(new Request('http://127.0.0.1:8787/auth/logout/', { method: 'POST', headers })),
    session_revoked: (auth) => auth.sessions.endAll(1),
    account_disabled: (auth) => auth.accounts.suspend(1),
  };
  for (const [code, end] of Object.entries(ends)) {
    test(
      `P6: fires in the same process, and says ${code}`,
      withAnn({}, async ({ auth }) => {
        const headers = await keyOf(auth);
        const signal = await signalOf(auth, headers);
        assert.equal(signal.aborted, false);
        await end(auth, headers);
        assert.equal(await firing(signal), code);
      }),
    );
    test(
      `P6: fires on another node, and says ${code}`,
      onOneFile(async (open) => {
        const { here, there } = await twoNodes(open);
        const headers = await keyOf(here);
        const signal = await signalOf(there, headers);
        await end(here, headers);
        assert.equal(await firing(signal), code);
      }),
    );
  }

  test(
    'fires for the displaced session alone',
    withAnn({ sessions: { limit: 2 } }, async ({ auth }) => {
      const [first, second] = [await keyOf(auth), await keyOf(auth)];
      const [gone, stays] = [await signalOf(auth, first), await signalOf(auth, second)];
      await signedIn(auth, 1);
      assert.equal(await firing(gone), 'session_displaced');
      assert.equal(stays.aborted, false);
    }),
  );

  test(
    'fires by the clock when the time of the session is up',
    withAnn({ sessions: { lifetimeDays: 60_000 / 86_400_000 } }, async ({ auth, clock }) => {
      const headers = await keyOf(auth);
      clock.advance(59_980);
      const signal = await signalOf(auth, headers);
      clock.advance(20);
      assert.equal(await firing(signal), 'session_expired');
    }),
  );

  test(
    'fires by the clock when the session falls idle, and not while it is used elsewhere',
    onOneFile(async (open) => {
      const sessions = { idleDays: 300_000 / 86_400_000 };
      const here = await open({ sessions });
      await here.auth.accounts.create({ username: 'ann', password: PASSWORD });
      const headers = await keyOf(here.auth);
      here.clock.advance(299_950);
      const signal = await signalOf(here.auth, headers);
      const there = await open({ sessions, clock: here.clock });
      assert.equal((await there.auth.authenticate(headers)).signedIn, true);
      await there.close();

      here.clock.advance(299_960);
      assert.equal((await here.auth.authenticate(headers)).signedIn, true);
      assert.equal(signal.aborted, false);
      here.clock.advance(50);
      assert.equal(await firing(signal), 'session_expired');
    }),
  );

  test(
    'fires at once where the session ended between its check and the question',
    withAnn({}, async ({ auth }) => {
      const who = await auth.authenticate(await keyOf(auth));
      await auth.sessions.endAll(1);
      assert.equal(await firing(who.signedIn ? who.signal : assert.fail()), 'session_revoked');
    }),
  );

  test(
    'is one signal for all who ask of one session',
    withAnn({}, async ({ auth }) => {
      const headers = await keyOf(auth);
      assert.equal(await signalOf(auth, headers), await signalOf(auth, headers));
    }),
  );

  test('fires for whoever listens, or made a signal of it, and holds on to nothing else', async () => {
    await withAnn({}, async ({ auth }) => {
      const headers = await keyOf(auth);
      const heard: string[] = [];
      const combined = await (async () => {
        const signal = await signalOf(auth, headers);
        signal.addEventListener('abort', () => heard.push('a listener'));
        return AbortSignal.any([await signalOf(auth, headers), new AbortController().signal]);
      })();
      await collect();
      await signedIn(auth, 1);
      await until(() => heard.length > 0);
      assert.equal(combined.aborted, true);
    })();
    await withAnn({}, async ({ auth }) => {
      const headers = await keyOf(auth);
      const combined = await (async () =>
        AbortSignal.any([await signalOf(auth, headers), new AbortController().signal]))();
      await collect();
      await signedIn(auth, 1);
      assert.equal(await firing(combined), 'session_displaced');
    })();
    await withAnn({}, async ({ auth }) => {
      const headers = await keyOf(auth);
      const forgotten = await (async () => new WeakRef(await signalOf(auth, headers)))();
      await signedIn(auth, 1);
      await until(() => forgotten.deref()?.aborted !== false);
      await collect();
      assert.equal(forgotten.deref(), undefined, 'of a session that is over nothing is kept');
    })();
  });
});

async function collect(): Promise<void> {
  for (let round = 0; round < 3; round++) {
    await new Promise((resolve) => setImmediate(resolve));
    gc();
  }
}

describe('onEnded', () => {
  test(
    'P6: tells of each session that ends, on whatever node, once and in their order',
    onOneFile(async (open) => {
      const { here, there } = await twoNodes(open);
      const [hereHeard, thereHeard]: [EndingNotice[], EndingNotice[]] = [[], []];
      here.sessions.onEnded((ending) => hereHeard.push(ending));
      there.sessions.onEnded((ending) => thereHeard.push(ending));
      const devices = [...(await signedIn(here, 2)), ...(await signedIn(there, 2))];
      await devices.at(-1)?.ask('POST', '/auth/logout/');

      await until(() => hereHeard.length >= 4 && thereHeard.length >= 4);
      assert.deepEqual(hereHeard, thereHeard);
      assert.deepEqual(
        hereHeard.map(({ accountId, reason, by }) => ({ accountId, reason, by: by?.class ?? null })),
        [
          { accountId: 1, reason: 'displaced', by: 'unknown' },
          { accountId: 1, reason: 'displaced', by: 'unknown' },
          { accountId: 1, reason: 'displaced', by: 'unknown' },
          { accountId: 1, reason: 'signed_out', by: null },
        ],
      );
      assert.equal(new Set(hereHeard.map(({ sessionId }) => sessionId)).size, 4);
      assert.doesNotMatch(JSON.stringify(hereHeard), /lk_|ld_/, 'P9: no credential is in it');
    }),
  );

  test(
    'does not tell of what ended before, nor after it was stopped',
    onOneFile(async (open) => {
      const { here, there } = await twoNodes(open);
      await signedIn(here, 2);
      const [stopped, heard]: [EndingNotice[], EndingNotice[]] = [[], []];
      const stop = there.sessions.onEnded((ending) => stopped.push(ending));
      there.sessions.onEnded((ending) => heard.push(ending));
      stop();
      await signedIn(here, 1);
      await until(() => heard.length > 0);
      assert.equal(heard.length, 1);
      assert.deepEqual(stopped, []);
    }),
  );

  test('a listener that throws keeps nothing from the others, and is logged', async () => {
    const warnings: string[] = [];
    const log = {
      info: () => undefined,
      warn: (_: object, text: string) => void warnings.push(text),
      error: (_: object, text: string) => assert.fail(text),
    };
    await withAnn({ log }, async ({ auth }) => {
      const heard: EndingNotice[] = [];
      auth.sessions.onEnded(() => {
        throw new Error('a fault of the host');
      });
      auth.sessions.onEnded((ending) => heard.push(ending));
      await signedIn(auth, 2);
      await until(() => heard.length > 0);
      assert.deepEqual(warnings, ['a listener for ended sessions failed']);
    })();
  });
});
