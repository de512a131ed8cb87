/** Several instances on one database: who rules, what they share, how they begin and how they end. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { InvalidSettings, type Latchkey, latchkey } from 'latchkey';
import { linkIn, testLatchkey } from 'latchkey/testing';
import { codeAt } from '../second-step/app.ts';
import { enrol, half, show, WRONG } from '../second-step/enrolled.ts';
import { ask, Device, type Nodes, onOneFile, PASSWORD, signedIn } from './device.ts';

const ANN = { username: 'ann', email: 'ann@example.com', password: PASSWORD };
const STARTER = new URL('./starts-with-others.ts', import.meta.url).pathname;

/** The same device at another node. */
function at(auth: Latchkey, { key, deviceToken }: Device): Device {
  return Object.assign(new Device(auth), { key, deviceToken });
}

describe('close', () => {
  for (const [what, use] of [
    ['after nothing at all', async () => undefined],
    ['after endings were followed', async (auth: Latchkey) => void auth.sessions.onEnded(() => undefined)],
  ] as const) {
    test(`may be called again and at once, ${what}`, async () => {
      const { auth } = await testLatchkey();
      await use(auth);
      await Promise.all([auth.close(), auth.close()]);
      await auth.close();
    });
    test(
      `may be called again on a file, ${what}`,
      onOneFile(async (open) => {
        const { auth } = await open();
        await use(auth);
        await Promise.all([auth.close(), auth.close()]);
        await auth.close();
      }),
    );
  }

  test('what is asked afterwards is answered by an error, not by “no such thing”', async () => {
    const { auth, close } = await testLatchkey({ log: { info() {}, warn() {}, error() {} } });
    await auth.accounts.create(ANN);
    const [device] = await signedIn(auth, 1);
    await close();
    await assert.rejects(auth.authenticate(device?.own ?? {}));
    await assert.rejects(auth.accounts.find(1));
    const unavailable = async (answer: Promise<{ readonly status: number }>): Promise<void> =>
      assert.equal((await answer).status, 503);
    await unavailable(ask(auth, 'GET', '/auth/user/', { headers: device?.own ?? {} }));
    await unavailable(ask(auth, 'POST', '/auth/login/', { body: { username: 'ann', password: PASSWORD } }));
  });

  test(
    'writes what was gathered beside the requests',
    onOneFile(async (open) => {
      const first = await open();
      await first.auth.accounts.create(ANN);
      const [device] = await signedIn(first.auth, 1);
      first.clock.advance(120_000);
      assert.equal(await device?.why(), null);
      await first.close();
      const second = await open({ clock: first.clock });
      const [session] = await second.auth.sessions.list(1);
      assert.equal(session?.seenAt, first.clock());
    }),
  );
});

describe('F-39: two nodes with different settings', () => {
  test(
    'the newest rule is in force: the other node admits nobody, and still checks',
    onOneFile(async (open) => {
      const older = await open({ sessions: { limit: 1 } });
      await older.auth.accounts.create(ANN);
      const [device] = await signedIn(older.auth, 1);
      const newer = await open({ sessions: { limit: 2 }, clock: older.clock });

      const refused = await new Device(older.auth).signIn();
      assert.equal(refused.status, 503);
      assert.equal(refused.reason, 'rule_mismatch');
      const body = { username: 'bob', password1: PASSWORD, password2: PASSWORD };
      assert.equal((await ask(older.auth, 'POST', '/auth/registration/', { body })).status, 503);
      await assert.rejects(older.auth.sessions.importKey(1, 'a'.repeat(40)));
      assert.equal(await device?.why(), null, 'who is in stays in');
      assert.equal((await newer.auth.sessions.list(1)).length, 1, 'and nobody came in');

      await signedIn(newer.auth, 2);
      assert.equal((await newer.auth.sessions.list(1)).length, 2);
      assert.equal(await device?.why(), 'session_displaced', 'at the older node, too');

      const restarted = await open({ sessions: { limit: 1 }, clock: older.clock });
      assert.equal((await new Device(newer.auth).signIn()).status, 503);
      assert.equal((await new Device(restarted.auth).signIn()).status, 200);
      assert.equal((await restarted.auth.sessions.list(1)).length, 1);
      assert.equal((await new Device(older.auth).signIn()).status, 200, 'its rule is the one in force again');
    }),
  );

  test(
    'settings that are no part of the rule may differ',
    onOneFile(async (open) => {
      const one = await open({ passwords: { minLength: 8 } });
      const other = await open({ passwords: { minLength: 20 }, accounts: { registration: 'closed' } });
      await one.auth.accounts.create(ANN);
      assert.equal((await new Device(other.auth).signIn()).status, 200);
      assert.equal((await new Device(one.auth).signIn()).status, 200);
    }),
  );

  test(
    'how usernames are compared cannot be changed once it is begun',
    onOneFile(async (open) => {
      await open({ accounts: { usernameCase: 'ignore' } });
      await assert.rejects(open({ accounts: { usernameCase: 'exact' } }), InvalidSettings);
    }),
  );
});

describe('the secret', () => {
  test(
    'is made once and shared: devices and mails of one node are known to the other',
    onOneFile(async (open) => {
      const sessions = { limit: 5 };
      const [one, other] = await Promise.all([open({ sessions, sendMail: refusing, log: QUIET }), open({ sessions })]);
      await one.auth.accounts.create(ANN);
      const [device] = await signedIn(one.auth, 1);
      assert.equal((await at(other.auth, device ?? assert.fail()).signIn()).status, 200);
      assert.equal((await other.auth.sessions.list(1)).length, 1, 'the device kept its place');
      const { link } = await one.auth.accounts.invite({ email: 'bob@example.com' });
      await one.auth.settle();
      other.clock.advance(3_600_000);
      await other.auth.settle();
      assert.equal(linkIn(other.mailbox.mails[0]), link);
    }),
  );

  const [OLD, NEW] = ['an old secret of thirty-two letters', 'a new secret of thirty-two letters!'];

  /** A device and a mail from the time of the old secret. */
  async function before(open: Nodes) {
    const { auth, clock, close } = await open({ secret: OLD, sessions: { limit: 5 }, sendMail: refusing, log: QUIET });
    await auth.accounts.create(ANN);
    const [device] = await signedIn(auth, 1);
    await auth.accounts.invite({ email: 'bob@example.com' });
    await auth.settle();
    await close();
    clock.advance(60_000);
    return { device: device ?? assert.fail(), clock };
  }

  test(
    'is changed by naming the new one before the old one: devices and waiting mails are still known',
    onOneFile(async (open) => {
      const { device, clock } = await before(open);
      const { auth, mailbox } = await open({ secret: `${NEW}, ${OLD}`, sessions: { limit: 5 }, clock });
      await auth.settle();
      assert.equal(mailbox.mails[0]?.to, 'bob@example.com');
      const here = at(auth, device);
      assert.equal(await here.why(), null);
      await here.signIn();
      assert.equal((await auth.sessions.list(1)).length, 1);
      assert.notEqual(here.deviceToken, device.deviceToken, 'what is signed from now on, the new one signs');

      const later = await open({ secret: NEW, sessions: { limit: 5 }, clock });
      await at(later.auth, here).signIn();
      assert.equal((await later.auth.sessions.list(1)).length, 1, 'the old one is not needed any more');
    }),
  );

  const withOld = { secret: OLD, sessions: { limit: 9 } };
  const withBoth = { secret: `${NEW}, ${OLD}`, sessions: { limit: 9 } };
  const withNew = { secret: NEW, sessions: { limit: 9 } };

  test(
    'is changed for authenticator apps by using them: whoever came while both were given needs the old one no more',
    onOneFile(async (open) => {
      const old = await open(withOld);
      await old.auth.accounts.create(ANN);
      const { secret } = await enrol(old);
      await old.close();
      const { clock } = old;
      const code = async ({ auth }: { readonly auth: Latchkey }) => {
        clock.advance(30_000);
        const device = new Device(auth);
        return await show(device, await half(device), codeAt(secret, clock()));
      };
      const both = await open({ ...withBoth, clock });
      assert.equal((await code(both)).status, 200);
      await both.close();
      assert.equal((await code(await open({ ...withNew, clock }))).status, 200);
    }),
  );

  test(
    'is changed without the old one: an app that was not used is a wrong code and a warning, and a recovery code does',
    onOneFile(async (open) => {
      const old = await open(withOld);
      await old.auth.accounts.create(ANN);
      const { secret, codes } = await enrol(old);
      await old.close();
      const { clock } = old;
      const warnings: string[] = [];
      const log = { ...QUIET, warn: (_: object, message: string) => void warnings.push(message) };
      const { auth } = await open({ ...withNew, clock, log });
      const device = new Device(auth);
      const ticket = await half(device);
      const wrong = await show(device, ticket, codeAt(secret, clock()));
      assert.deepEqual(wrong.body, WRONG);
      assert.deepEqual(warnings, [
        'an authenticator app is sealed with a secret that is not given: see `latchkey doctor`',
      ]);
      assert.equal((await show(device, ticket, codes[0] ?? '')).status, 200);
      assert.equal(warnings.length, 1);
      const begun = await device.ask('GET', '/auth/mfa/totp/activate/?replace=true');
      assert.equal(begun.status, 200, 'and another app takes its place');
    }),
  );

  test(
    'is changed without the old one: keys go on, devices are new ones, and what was sealed stays shut',
    onOneFile(async (open) => {
      const { device, clock } = await before(open);
      const warnings: string[] = [];
      const log = { ...QUIET, warn: (details: object) => void warnings.push(String('err' in details && details.err)) };
      const { auth, mailbox } = await open({ secret: NEW, sessions: { limit: 5 }, clock, log });
      await auth.settle();
      assert.deepEqual(mailbox.mails, []);
      assert.match(warnings[0] ?? '', /LATCHKEY_SECRET/);
      const here = at(auth, device);
      assert.equal(await here.why(), null);
      await here.signIn();
      assert.equal((await auth.sessions.list(1)).length, 2);
    }),
  );
});

const QUIET = {
  info() {},
  warn() {},
  error: (details: object, message: string) => assert.fail(`${message} ${details}`),
};

async function refusing(): Promise<never> {
  throw new Error('nobody answers');
}

describe('a new database', () => {
  test(
    'P8: of several processes that start on it at once each works, and its steps are run once',
    onOneFile(async (_, file) => {
      const names = ['ada', 'bea', 'cleo', 'dora'];
      const starters = names.map((username) => {
        const process_ = spawn(process.execPath, ['--conditions=source', STARTER, file, username], {
          env: { PATH: process.env['PATH'] },
          stdio: ['pipe', 'pipe', 'pipe'],
        });
        return {
          process: process_,
          out: text(process_.stdout),
          err: text(process_.stderr),
          ready: once(process_.stdout, 'data'),
        };
      });
      await Promise.all(starters.map(({ ready }) => ready));
      for (const { process: starter } of starters) starter.stdin.write('go\n');
      const ends = await Promise.all(
        starters.map(async ({ process: starter, err }) => [(await once(starter, 'exit'))[0], await err]),
      );
      assert.deepEqual(ends, Array(names.length).fill([0, '']));

      const auth = await latchkey({ database: `sqlite:${file}`, passwords: { hash: 'dangerously-cheap' } });
      const accounts = await auth.accounts.list();
      assert.deepEqual(accounts.map(({ username }) => username).sort(), names);
      for (const [index, username] of names.entries()) {
        const device = new Device(auth);
        device.deviceToken = (await starters[index]?.out)?.split('\n')[1] ?? '';
        await device.signIn(username);
        assert.equal(device.deviceToken, (await starters[index]?.out)?.split('\n')[1], 'they share one secret');
      }
      await auth.close();
    }),
  );

  test(
    'is readable by its owner alone, and keeps no credential (P9)',
    onOneFile(async (open, file) => {
      const { auth, close } = await open();
      await auth.accounts.create(ANN);
      const [device] = await signedIn(auth, 1);
      const { invitation } = await auth.accounts.invite();
      await close();
      assert.equal(statSync(file).mode & 0o777, 0o600);
      const kept = readFileSync(file, 'latin1');
      const secrets = [device?.key, device?.deviceToken, invitation, PASSWORD];
      for (const secret of secrets) assert.ok(!kept.includes(secret ?? assert.fail()));
      const db = new DatabaseSync(file, { readOnly: true });
      assert.ok(Number(db.prepare('PRAGMA user_version').get()?.['user_version']) >= 1);
      db.close();
    }),
  );
});
