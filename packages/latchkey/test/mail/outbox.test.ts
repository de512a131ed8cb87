import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { after, before, describe, mock, test } from 'node:test';
import { retryDelayMs } from '../../src/jobs/outbox.ts';
import type { LatchkeyOptions } from '../../src/latchkey.ts';
import { StoreUnavailable } from '../../src/stores/store.ts';
import { testClock } from '../../src/testing/clock.ts';
import { ask, PASSWORD } from '../attempts/asking.ts';
import { temporaryFolder } from '../serving.ts';
import { openSending, type Sending, until } from './sending.ts';
import { freePort, type MailServer, mailServer } from './smtp.ts';

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const LEASE_MS = 300_000;

const ANN = { username: 'ann', email: 'ann@mail.test', emailVerified: true, password: PASSWORD };

async function withSending(options: LatchkeyOptions, run: (sending: Sending) => Promise<void>): Promise<void> {
  const sending = await openSending(options);
  try {
    await sending.auth.accounts.create(ANN);
    await run(sending);
  } finally {
    await sending.auth.close();
  }
}

async function askForReset({ auth }: Sending): Promise<number> {
  return (await ask(auth, '/auth/password/reset/', { json: { email: ANN.email } })).status;
}

async function kept({ assembled }: Sending) {
  return await assembled.parts.store.outbox.page(100);
}

/** Takes connections and says nothing. */
async function silence(): Promise<{ readonly url: string; close(): void }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `smtp://127.0.0.1:${port}?greetingTimeout=50&socketTimeout=50`,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

describe('a mail server that is not well', () => {
  let server: MailServer;
  before(async () => {
    server = await mailServer();
  });
  after(() => server.close());

  test('P13: nobody listens: the request is answered, and the mail comes when somebody does', async () => {
    const port = await freePort();
    let close: () => Promise<void> = async () => undefined;
    await withSending({ mail: { smtpUrl: `smtp://127.0.0.1:${port}` } }, async (sending) => {
      assert.equal(await askForReset(sending), 200);
      await sending.drain();
      const [entry] = await kept(sending);
      assert.match(entry?.error ?? '', /ECONNREFUSED/);
      assert.deepEqual([entry?.isGivenUp, entry?.attempts], [false, 1]);
      const back = await mailServer(port);
      close = back.close;
      // Not before its time: a server that was down is not overrun by all that waits at once.
      await sending.drain();
      assert.equal(back.taken.length, 0);
      sending.clock.advance(10 * SECOND_MS);
      await sending.drain();
      assert.deepEqual(
        back.taken.map(({ to }) => to),
        [[ANN.email]],
      );
      assert.deepEqual(await kept(sending), []);
    });
    await close();
  });

  test('P13: somebody listens and says nothing: no request waits for it, and the mail is tried again', async () => {
    const silent = await silence();
    await withSending({ mail: { smtpUrl: silent.url } }, async (sending) => {
      const sent = sending.assembled.outbox;
      assert.equal(await askForReset(sending), 200);
      // The answer has come, and the mail has not left yet.
      assert.equal((await kept(sending)).length, 1);
      const isOver = sent?.drain();
      assert.equal(
        (
          await ask(sending.auth, '/auth/registration/', {
            json: { username: 'new', password1: PASSWORD, password2: PASSWORD },
          })
        ).status,
        201,
      );
      await isOver;
      const [entry] = await kept(sending);
      assert.match(entry?.error ?? '', /Greeting never received|Timeout/i);
      assert.equal(entry?.isGivenUp, false);
    });
    silent.close();
  });

  for (const [what, trouble] of [
    ['not now, at the sender', { from: 451 }],
    ['not now, at the reader', { to: 450 }],
    ['not now, after the mail', { data: 452 }],
    ['I close down', { from: 421 }],
    ['never from you, which an operator can mend', { from: 550 }],
  ] as const) {
    test(`P13: it says “${what}”: the mail waits, and comes when it says yes`, async () => {
      await withSending({ mail: { smtpUrl: server.url } }, async (sending) => {
        const before = server.taken.length;
        server.be(trouble);
        assert.equal(await askForReset(sending), 200);
        for (const delayMs of [0, 10 * SECOND_MS, 20 * SECOND_MS, 40 * SECOND_MS]) {
          sending.clock.advance(delayMs);
          await sending.drain();
        }
        const [entry] = await kept(sending);
        assert.deepEqual([entry?.isGivenUp, entry?.attempts], [false, 4]);
        server.be({});
        sending.clock.advance(80 * SECOND_MS);
        await sending.drain();
        assert.equal(server.taken.length, before + 1);
        assert.deepEqual(await kept(sending), []);
        assert.ok(sending.warnings.every((text) => text === 'a mail could not be sent and waits'));
        const [{ error, command, status, ...rest }] = sending.details as [Record<string, unknown>];
        assert.deepEqual([error, status], ['Error', Object.values(trouble)[0]]);
        assert.match(String(command), /^(MAIL FROM|RCPT TO|DATA)$/);
        assert.deepEqual(Object.keys(rest).sort(), ['code', 'outbox', 'retryInMs'], 'the log names nobody');
      });
    });
  }

  for (const [what, trouble] of [
    ['there is no such reader', { to: 550 }],
    ['I will not take this', { data: 554 }],
  ] as const) {
    test(`P13: it says “${what}”: the mail is given up at once, and kept for an operator to see`, async () => {
      await withSending({ mail: { smtpUrl: server.url } }, async (sending) => {
        const before = server.begun();
        server.be(trouble);
        assert.equal(await askForReset(sending), 200);
        await sending.drain();
        server.be({});
        sending.clock.advance(DAY_MS);
        await sending.drain();
        const [entry] = await kept(sending);
        assert.equal(entry?.isGivenUp, true);
        assert.match(entry?.error ?? '', /UndeliverableMail|55[04]/);
        assert.equal(server.begun(), before + 1);
        assert.deepEqual(sending.warnings, ['a mail was given up']);
      });
    });
  }

  test('P13: a mail that nobody takes for three days is given up, and others are not held up by it', async () => {
    await withSending({ mail: { smtpUrl: server.url } }, async (sending) => {
      server.be({ to: 450 });
      await askForReset(sending);
      await sending.drain();
      sending.clock.advance(3 * DAY_MS);
      await sending.drain();
      const [entry] = await kept(sending);
      assert.equal(entry?.isGivenUp, true);
      server.be({});
      const before = server.taken.length;
      await askForReset(sending);
      await sending.drain();
      assert.equal(server.taken.length, before + 1);
    });
  });

  test('P13: a round that fails because the store is ill is not the last, whoever asked for another meanwhile', async () => {
    await withSending({ mail: { smtpUrl: server.url } }, async (sending) => {
      const { outbox, parts } = sending.assembled;
      assert.ok(outbox !== null);
      const { claim } = parts.store.outbox;
      const { promise: isAsked, resolve: askedFor } = Promise.withResolvers<void>();
      const { promise: mayFail, resolve: fail } = Promise.withResolvers<void>();
      Object.assign(parts.store.outbox, {
        async claim() {
          askedFor();
          await mayFail;
          throw new StoreUnavailable('The database stayed locked by another process.');
        },
      });
      outbox.nudge();
      await isAsked;
      outbox.nudge();
      Object.assign(parts.store.outbox, { claim });
      fail();
      const before = server.taken.length;
      await askForReset(sending);
      outbox.nudge();
      await until(() => server.taken.length === before + 1);
      await until(async () => (await kept(sending)).length === 0);
    });
  });

  test('the time between tries doubles, to an hour, for three days', () => {
    const seconds = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 20].map((attempts) => (retryDelayMs(attempts, 0) ?? 0) / SECOND_MS);
    assert.deepEqual(seconds, [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]);
    assert.equal(retryDelayMs(0, 3 * DAY_MS - 1), 10 * SECOND_MS);
    assert.equal(retryDelayMs(0, 3 * DAY_MS), null);
  });
});

/** Waits by turns of the event loop, where time stands still. */
async function turnsUntil(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}

describe('a host’s own sendMail that never ends', () => {
  /** Never ends for the first mail, and takes the others. */
  async function stuck() {
    const begun: PromiseWithResolvers<void>[] = [];
    const sending = await openSending({
      async sendMail() {
        const send = Promise.withResolvers<void>();
        begun.push(send);
        if (begun.length > 1) send.resolve();
        await send.promise;
      },
    });
    await sending.auth.accounts.create(ANN);
    return { begun, sending };
  }

  test('P13: holds the others up for a minute at most, is tried again, and harms nothing when it ends after all', async () => {
    const { begun, sending } = await stuck();
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      await askForReset(sending);
      await turnsUntil(() => begun.length === 1);
      await askForReset(sending);
      const both = sending.drain();
      mock.timers.tick(60_000);
      await both;
      assert.equal(begun.length, 2);
      const [entry] = await kept(sending);
      assert.match(entry?.error ?? '', /within 60 seconds/);
      assert.equal(entry?.isGivenUp, false);
      begun[0]?.resolve();
      sending.clock.advance(10 * SECOND_MS);
      await sending.drain();
      assert.equal(begun.length, 3);
      assert.deepEqual(await kept(sending), []);
    } finally {
      mock.timers.reset();
      await sending.auth.close();
    }
  });

  test('P13: keeps nobody from closing for more than ten seconds', async () => {
    const { begun, sending } = await stuck();
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      await askForReset(sending);
      await turnsUntil(() => begun.length === 1);
      const stopped = sending.assembled.outbox?.stop();
      mock.timers.tick(10_000);
      await stopped;
      assert.match((await kept(sending))[0]?.error ?? '', /process ends/);
    } finally {
      mock.timers.reset();
      await sending.auth.close();
    }
  });
});

describe('a mail is sent once', () => {
  test('P13: a mail that is being sent is nobody else’s for its lease, and then it is: its sender may have died', async () => {
    const server = await mailServer();
    const folder = temporaryFolder();
    const clock = testClock();
    const settings: LatchkeyOptions = { database: `sqlite:${folder.path}/test.db`, mail: { smtpUrl: server.url } };
    const first = await openSending(settings, clock);
    const second = await openSending(settings, clock);
    const { promise: hold, resolve: letGo } = Promise.withResolvers<void>();
    try {
      await first.auth.accounts.create(ANN);
      server.be({ hold });
      assert.equal(await askForReset(first), 200);
      await until(() => server.begun() === 1);
      for (const laterMs of [0, LEASE_MS - 1]) {
        clock.advance(laterMs);
        await second.drain();
        assert.equal(server.begun(), 1);
      }
      clock.advance(1);
      const again = second.drain();
      await until(() => server.begun() === 2);
      letGo();
      await Promise.all([again, first.drain()]);
      // Both have it taken now: a reader's server knows it for the same by its name.
      const names = server.taken.map(({ mail }) => mail.messageId);
      assert.equal(names.length, 2);
      assert.equal(new Set(names).size, 1);
      assert.deepEqual(await kept(first), []);
    } finally {
      letGo();
      await first.auth.close();
      await second.auth.close();
      await server.close();
      folder.remove();
    }
  });

  test('P13: forty mails, two senders at once, forty mails taken', async () => {
    const server = await mailServer();
    const folder = temporaryFolder();
    const clock = testClock();
    const settings: LatchkeyOptions = { database: `sqlite:${folder.path}/test.db`, mail: { smtpUrl: server.url } };
    const nodes = [await openSending(settings, clock), await openSending(settings, clock)];
    try {
      const { parts } = nodes[0]?.assembled ?? assert.fail();
      const mails = Array.from({ length: 40 }, (_, number) =>
        parts.mail({ kind: 'invitation', to: `user${number}@mail.test`, link: 'http://127.0.0.1:8787/x' }),
      );
      await parts.store.outbox.put(mails);
      await Promise.all(nodes.map((node) => node.drain()));
      const readers = server.taken.flatMap(({ to }) => to);
      assert.equal(readers.length, 40);
      assert.equal(new Set(readers).size, 40);
    } finally {
      for (const { auth } of nodes) await auth.close();
      await server.close();
      folder.remove();
    }
  });

  test('a mail that does not open waits, and the others go out', async () => {
    const server = await mailServer();
    const other = 'another secret of thirty-two letters or more';
    const folder = temporaryFolder();
    const settings: LatchkeyOptions = { database: `sqlite:${folder.path}/test.db`, mail: { smtpUrl: server.url } };
    const before = await openSending({ ...settings, mail: { smtpUrl: 'none' }, secret: other });
    await before.auth.accounts.create(ANN);
    await askForReset(before);
    await before.auth.close();
    const now = await openSending({ ...settings, secret: 'a secret of thirty-two letters or more' }, before.clock);
    await askForReset(now);
    await now.drain();
    assert.equal(server.taken.length, 1);
    assert.match((await kept(now))[0]?.error ?? '', /LATCHKEY_SECRET/);
    await now.auth.close();
    // With the old secret beside the new one it opens, and goes.
    const both = await openSending(
      { ...settings, secret: `a secret of thirty-two letters or more,${other}` },
      before.clock,
    );
    before.clock.advance(10 * SECOND_MS);
    await both.drain();
    assert.equal(server.taken.length, 2);
    await both.auth.close();
    await server.close();
    folder.remove();
  });
});
