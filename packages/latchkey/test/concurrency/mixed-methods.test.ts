/** However people show who they are, there is one door: it counts them together, and what was voided in the meantime opens nothing. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { LatchkeyOptions } from 'latchkey';
import { linkIn } from 'latchkey/testing';
import { openTest } from '../../src/testing/instance.ts';
import { type Answer, Device, PASSWORD } from '../library/device.ts';
import { codeIn } from '../mail-sign-in/mails.ts';
import { Authenticator } from '../passkeys/authenticator.ts';
import { begin, registered } from '../passkeys/ceremonies.ts';
import { available as noPostgres, openPostgres } from '../servers/postgres.ts';
import { startable as noRedis, startRedis } from '../servers/redis.ts';
import { temporaryFolder } from '../serving.ts';
import { CLIENT, type StandIn, standIn } from '../social/stand-in.ts';

/** So many that whoever does something meanwhile is not pushed out before it is done, most of the time. */
const LIMIT = 20;
const NEW_PASSWORD = 'quite-an0ther-pw';
const PROVIDER = '/auth/social/acme/';

type Opened = Awaited<ReturnType<typeof openTest>>;
type Place = { readonly options: LatchkeyOptions; remove(): Promise<void> };
/** Does something that voids, and says which sessions it leaves no room for: none where the device that asked was displaced before. */
type Act = (asked: {
  readonly id: number;
  readonly device: Device;
  /** What a mailed link carries that sets a new password. */
  readonly reset: { readonly uid: string; readonly token: string };
}) => Promise<(session: { readonly method: string }) => boolean>;
const nobody = (): boolean => false;

type Way = 'password' | 'passkey' | 'mail' | 'social';

const stores: Record<string, { readonly without: string | null; readonly open: () => Promise<Place> }> = {
  SQLite: {
    without: null,
    async open() {
      const folder = temporaryFolder();
      return { options: { database: `sqlite:${folder.path}/test.db` }, remove: async () => folder.remove() };
    },
  },
  PostgreSQL: {
    without: noPostgres(),
    async open() {
      const server = await openPostgres();
      const { url, schema } = await server.freshSchema();
      return { options: { database: url, stores: { schema } }, remove: () => server.stop() };
    },
  },
  'SQLite with sessions in Redis': {
    without: noRedis(),
    async open() {
      const [server, folder] = [await startRedis(), temporaryFolder()];
      const remove = async (): Promise<void> => {
        await server.stop();
        folder.remove();
      };
      return { options: { database: `sqlite:${folder.path}/test.db`, sessionStore: server.url }, remove };
    },
  },
};

let made = 0;

/** An account with every way in, and somebody who is signed in to it. */
async function owner(opened: Opened, provider: StandIn) {
  const { auth } = opened;
  made++;
  const [username, email] = [`ann${made}`, `ann${made}@example.com`];
  const { id } = await auth.accounts.create({ username, email, emailVerified: true, password: PASSWORD });
  const device = new Device(auth);
  await device.signIn(username);
  const authenticator = await registered(device, new Authenticator({ counts: false }));
  const identity = { id_token: provider.idToken({ sub: `ann-${id}` }) };
  assert.equal((await device.ask('POST', `${PROVIDER}connect/`, identity)).status, 200);

  /** Everything but the last request is done before: they shall all be at the door at once. */
  const prepare = async (way: Way): Promise<() => Promise<Answer>> => {
    const somebody = new Device(auth);
    if (way === 'password') return () => somebody.signIn(username);
    if (way === 'social') return () => somebody.ask('POST', PROVIDER, identity);
    if (way === 'passkey') {
      const { options, sessionId: session_id } = await begin(somebody);
      const credential = authenticator.get(options);
      return () => somebody.ask('POST', '/auth/passkeys/login/complete/', { credential, session_id });
    }
    const { ticket } = (await somebody.ask('POST', '/auth/magic-link/', { email })).body;
    await auth.settle();
    const code = codeIn(opened.mailbox.mails.at(-1));
    return () => somebody.ask('POST', '/auth/magic-link/confirm/', { ticket, code });
  };
  await device.ask('POST', '/auth/password/reset/', { email });
  await auth.settle();
  const [uid = '', token = ''] = new URL(linkIn(opened.mailbox.mails.at(-1))).pathname.split('/').slice(-3);
  return { id, device, prepare, reset: { uid, token } };
}

const WAYS: readonly Way[] = ['password', 'passkey', 'social'];

/** Fifty, of which the mailed ones are few: there are five codes an hour for an address. */
const wayOf = (turn: number): Way => (turn % 12 === 11 ? 'mail' : (WAYS[turn % WAYS.length] ?? 'password'));

async function fifty(prepare: (way: Way) => Promise<() => Promise<Answer>>): Promise<(() => Promise<Answer>)[]> {
  const ready: (() => Promise<Answer>)[] = [];
  for (let turn = 0; turn < 50; turn++) ready.push(await prepare(wayOf(turn)));
  return ready;
}

for (const [name, { without, open }] of Object.entries(stores)) {
  describe(`F-13, P1, P5: fifty sign-ins at once by password, passkey, provider and mail, on ${name}`, {
    skip: without ?? false,
  }, () => {
    let place: Place;
    let provider: StandIn;
    let opened: Opened;
    before(async () => {
      [place, provider] = [await open(), await standIn()];
      opened = await openTest({
        ...place.options,
        clock: Date.now,
        // As slow as in use: so that people wait between what they showed and the door.
        passwords: { hash: 'argon2id' },
        sessions: { limit: LIMIT },
        accounts: { signInByMail: true },
        social: { providers: { acme: { issuer: provider.url, ...CLIENT } }, linkByEmail: false },
      });
    });
    after(async () => {
      await opened.auth.close();
      await provider[Symbol.asyncDispose]();
      await place.remove();
    });

    /** What is live. */
    async function live(id: number): Promise<readonly unknown[]> {
      const { sessions } = await opened.assembled.parts.store.sessions.list(id);
      return sessions.filter(({ ending }) => ending === null);
    }

    test('exactly as many as there are places are live', async () => {
      const { id, prepare } = await owner(opened, provider);
      const answers = await Promise.all((await fifty(prepare)).map((signIn) => signIn()));
      assert.deepEqual(new Set(answers.map(({ status, text }) => (status === 200 ? '' : text))), new Set(['']));
      assert.equal((await live(id)).length, LIMIT);
    });

    /** So many sign-ins are under way already. Whether it was done. Then whoever comes by what is still good fills the places up, and no more than them. */
    async function inTheMidst(act: Act, early: number): Promise<boolean> {
      const { id, device, prepare, reset } = await owner(opened, provider);
      const own = await device.sessionId();
      const ready = await fifty(prepare);
      // Close behind each other rather than all in one moment: so some have shown who they are before it, and come to the door after it.
      const signIns = ready.map(async (signIn, turn) => {
        await setTimeout(turn);
        return await signIn();
      });
      await setTimeout(early);
      const voiding = act({ id, device, reset });
      const answers = await Promise.all(signIns);
      for (const { status, text } of answers) assert.ok(status === 200 || status === 400, `${status} ${text}`);
      const isVoid = await voiding;
      const { sessions } = await opened.assembled.parts.store.sessions.list(id);
      const left = sessions.filter(({ ending, id: session }) => ending === null && session !== own);
      assert.deepEqual(left.filter(isVoid), [], `after ${early}`);
      assert.ok(left.length <= LIMIT);
      await opened.auth.accounts.reactivate(id);
      const more = await Promise.all(Array.from({ length: LIMIT + 5 }, () => prepare('passkey')));
      for (const { status, text } of await Promise.all(more.map((signIn) => signIn()))) assert.equal(status, 200, text);
      assert.equal((await live(id)).length, LIMIT, `after ${early}`);
      return isVoid !== nobody;
    }

    const acts: Record<string, Act> = {
      async 'a change of the password'({ device, reset }) {
        const words = { ...reset, new_password1: NEW_PASSWORD, new_password2: NEW_PASSWORD };
        assert.equal((await device.ask('POST', '/auth/password/reset/confirm/', words)).status, 200);
        return ({ method }) => method === 'password';
      },
      async 'an unlinking'({ device }) {
        const { status } = await device.ask('POST', '/auth/social/accounts/1/disconnect/', {});
        return status === 200 ? ({ method }) => method === 'social' : nobody;
      },
      async 'a suspension'({ id }) {
        assert.equal((await opened.auth.accounts.suspend(id))?.state, 'suspended');
        return () => true;
      },
    };

    for (const [what, act] of Object.entries(acts)) {
      test(`with ${what} in their midst nobody is in by what it made void`, async () => {
        let done = 0;
        for (let round = 0; round < 6; round++) if (await inTheMidst(act, 4 * round)) done++;
        assert.ok(done >= 3, `done in ${done} of 6 rounds`);
      });
    }
  });
}
