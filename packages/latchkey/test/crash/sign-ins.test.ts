/**
 * Sign-ins by what is usable once, killed with -9 at each place. With accounts and sessions in one database what is shown is used up
 * with the session that opens, or not at all. In two stores, and where a second step follows, it is used up before: then a crash may
 * cost a person that code or link, never more than that, and never does it open twice.
 *
 * Each way in tries every third of its places, and begins at another one than the way before it, as all of them go the same way from
 * the door on; a sign-in by password tries every place (`kill-at-each-place.test.ts`). `LATCHKEY_TEST_EVERY_PLACE=1` has all of them
 * tried, which takes a quarter of an hour.
 */
import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { linkIn } from 'latchkey/testing';
import { openTest } from '../../src/testing/instance.ts';
import { type Body, Device, PASSWORD } from '../library/device.ts';
import { Authenticator } from '../passkeys/authenticator.ts';
import { begin, registered } from '../passkeys/ceremonies.ts';
import { codeAt } from '../second-step/app.ts';
import { command, startable as noRedis, type OwnRedis, startRedis } from '../servers/redis.ts';
import { temporaryFolder } from '../serving.ts';
import { type Act, type Instance, killEverywhere, type Told } from './killing.ts';

const STEP_MS = 30_000;

type Shown = { readonly path: string; readonly body: Body };

/** What somebody shows, who is signed in on another device, and how they sign in if that was lost. */
type Ready = {
  readonly accountId: number;
  readonly device: Device;
  readonly shown: Shown;
  readonly again: (instance: Instance) => Promise<Shown>;
};

type Kind = (
  instance: Instance,
  person: { readonly username: string; readonly device: Device },
) => Promise<Omit<Ready, 'accountId' | 'device'>>;

async function ticketOf({ auth }: Instance, username: string): Promise<string> {
  return String((await new Device(auth).signIn(username)).body['ticket']);
}

/** Sets an app up. The clock of each process begins at the same time, and does not move by itself. */
async function app({ clock }: Instance, device: Device) {
  const { body } = await device.ask('GET', '/auth/mfa/totp/activate/');
  const secret = String(body['secret']);
  const given = { activation_token: body['activation_token'], code: codeAt(secret, clock()) };
  const done = await device.ask('POST', '/auth/mfa/totp/activate/', given);
  assert.equal(done.status, 200, done.text);
  return { secret, codes: done.body['recovery_codes'] as readonly string[] };
}

const step = (ticket: string, code: string): Shown => ({ path: '/auth/login/second-step/', body: { ticket, code } });

async function mailed(instance: Instance, username: string): Promise<Shown> {
  const email = `${username}@example.com`;
  const { body } = await new Device(instance.auth).ask('POST', '/auth/magic-link/', { email });
  await instance.auth.settle();
  const links = instance.mailbox.mails.filter(({ to }) => to === email).map(linkIn);
  // They are told of new devices as well.
  const link = links.findLast((one) => one.includes('/login/mail/')) ?? assert.fail('no link was mailed');
  const token = new URL(link).pathname.split('/').at(-2) ?? '';
  return { path: '/auth/magic-link/confirm/', body: { ticket: body['ticket'], token } };
}

const KINDS = {
  async 'a code of an app'(instance, { username, device }) {
    const { secret } = await app(instance, device);
    const shown = step(await ticketOf(instance, username), codeAt(secret, instance.clock() + STEP_MS));
    const again = async (later: Instance): Promise<Shown> => {
      later.clock.advance(2 * STEP_MS);
      return step(await ticketOf(later, username), codeAt(secret, later.clock()));
    };
    return { shown, again };
  },
  async 'a recovery code'(instance, { username, device }) {
    const [first = '', second = ''] = (await app(instance, device)).codes;
    const shown = step(await ticketOf(instance, username), first);
    return { shown, again: async (later) => step(await ticketOf(later, username), second) };
  },
  async 'a passkey'(instance, { device }) {
    const authenticator = await registered(device, new Authenticator({ counts: false }));
    const sign = async ({ auth }: Instance): Promise<Shown> => {
      const { options, sessionId: session_id } = await begin(new Device(auth));
      return { path: '/auth/passkeys/login/complete/', body: { credential: authenticator.get(options), session_id } };
    };
    return { shown: await sign(instance), again: sign };
  },
  async 'a mailed link'(instance, { username }) {
    return { shown: await mailed(instance, username), again: (later) => mailed(later, username) };
  },
  async 'a mailed link, and a second step after it'(instance, { username, device }) {
    await app(instance, device);
    return { shown: await mailed(instance, username), again: (later) => mailed(later, username) };
  },
} as const satisfies Readonly<Record<string, Kind>>;

const HALF: string = 'a mailed link, and a second step after it';

const OPTIONS = { accounts: { signInByMail: true }, sessions: { limit: 1, checks: 'strict' } } as const;

async function makeReady(options: Told, kinds: Readonly<Record<string, Kind>>): Promise<ReadonlyMap<string, Ready>> {
  const instance = await openTest(options);
  const all = new Map<string, Ready>();
  for (const [name, kind] of Object.entries(kinds)) {
    const username = `person${all.size + 1}`;
    const account = { username, email: `${username}@example.com`, emailVerified: true, password: PASSWORD };
    const { id: accountId } = await instance.auth.accounts.create(account);
    const device = new Device(instance.auth);
    await device.signIn(username);
    all.set(name, { accountId, device, ...(await kind(instance, { username, device })) });
  }
  await instance.auth.close();
  return all;
}

const show = async ({ auth }: Instance, { path, body }: Shown) => await new Device(auth).ask('POST', path, body);

async function sequencesOf({ auth }: Instance, accountId: number): Promise<readonly number[]> {
  return (await auth.sessions.list(accountId)).map(({ sequence }) => sequence);
}

/** Is what was shown gone, though nobody came in by it? */
async function looked(
  instance: Instance,
  ready: Ready,
  given: { readonly answer: string | null; readonly opens: boolean },
) {
  const { accountId, device, shown, again } = ready;
  const before = await sequencesOf(instance, accountId);
  assert.equal(before.length, 1, 'one place, one session');
  const isOpened = before[0] !== 1;
  const old = await new Device(instance.auth).ask('GET', '/auth/session/', undefined, device.own);
  assert.deepEqual([old.status, old.reason], isOpened ? [401, 'session_displaced'] : [200, null]);
  if (given.answer !== null && given.opens) assert.ok(isOpened, 'it was answered');
  const second = await show(instance, shown);
  assert.ok(second.status === 200 || second.status === 400, second.text);
  if (isOpened) assert.equal(second.status, 400, 'a second use');
  const third = await show(instance, shown);
  assert.equal(third.status, 400, 'a use after it');
  const opened = (isOpened ? 1 : 0) + (second.status === 200 && given.opens ? 1 : 0);
  assert.deepEqual(await sequencesOf(instance, accountId), [1 + opened], 'it opened once at most');
  const anew = await show(instance, await again(instance));
  assert.equal(anew.status, 200, `nothing else was lost: ${anew.text}`);
  return { isLost: !isOpened && second.status === 400 && given.answer === null };
}

type Keeping = { readonly options: Told; readonly copy: Act['copy']; stop(): Promise<void> };

function onSqlite(folder: string, name: string) {
  let copies = 0;
  const database = (file: string): Told => ({ ...OPTIONS, database: `sqlite:${join(folder, file)}` });
  const copy = (): { readonly options: Told; readonly answered: string } => {
    copies++;
    copyFileSync(join(folder, `${name}.db`), join(folder, `${name}-${copies}.db`));
    return { options: database(`${name}-${copies}.db`), answered: join(folder, `${name}-${copies}.answered`) };
  };
  return { options: database(`${name}.db`), copy };
}

/** Sessions in the first database of a Redis; whoever is killed works on a copy of it in the second or third. */
async function withRedis({ options, copy }: ReturnType<typeof onSqlite>): Promise<Keeping> {
  const redis: OwnRedis = await startRedis();
  return {
    options: { ...options, sessionStore: redis.url },
    async copy(lane) {
      const script = `for _, key in ipairs(redis.call('KEYS', '*')) do redis.call('COPY', key, key, 'DB', ARGV[1], 'REPLACE') end`;
      await command(redis.url, 'EVAL', `redis.call('SELECT', ARGV[1]) redis.call('FLUSHDB')`, 0, lane + 1);
      await command(redis.url, 'EVAL', script, 0, lane + 1);
      const copied = copy();
      return { ...copied, options: { ...copied.options, sessionStore: `${redis.url}/${lane + 1}` } };
    },
    stop: () => redis.stop(),
  };
}

const stores: Readonly<
  Record<string, { readonly without: string | null; readonly open: (folder: string) => Promise<Keeping> }>
> = {
  SQLite: {
    without: null,
    async open(folder) {
      const { options, copy } = onSqlite(folder, 'one');
      return { options, copy: async () => copy(), stop: async () => undefined };
    },
  },
  'SQLite with sessions in Redis': { without: noRedis(), open: (folder) => withRedis(onSqlite(folder, 'two')) },
};

for (const [name, { without, open }] of Object.entries(stores)) {
  describe(`P8, L23, E7: killed with -9 at awaits, on ${name}`, {
    skip: without ?? false,
  }, () => {
    const folder = temporaryFolder();
    let keeping: Keeping;
    let all: ReadonlyMap<string, Ready>;
    before(async () => {
      keeping = await open(folder.path);
      all = await makeReady(keeping.options, KINDS);
    });
    after(async () => {
      await keeping.stop();
      folder.remove();
    });

    for (const [thirdsFrom, what] of Object.keys(KINDS).entries()) {
      const isSpentBefore = name !== 'SQLite' || what === HALF;
      const cost = isSpentBefore
        ? 'a crash costs that and nothing else'
        : 'it is used up with the session, or not at all';
      test(`a sign-in by ${what}: never twice; ${cost}`, async () => {
        const ready = all.get(what) ?? assert.fail();
        let lost = 0;
        const { path, body } = ready.shown;
        const argument = JSON.stringify({ path: path.replace('/auth/', ''), body });
        await killEverywhere(
          { name: 'post', argument, isAtAwaitsAlone: true, thirdsFrom, copy: keeping.copy },
          async ({ answer, instance }, place) => {
            try {
              if ((await looked(instance, ready, { answer, opens: what !== HALF })).isLost) lost++;
            } catch (error) {
              throw new Error(`killed at place ${place}`, { cause: error });
            }
          },
        );
        if (isSpentBefore) assert.ok(lost > 0, 'there are places at which it is lost, and they were seen');
        else assert.equal(lost, 0);
      });
    }
  });
}
