/** However people show who they are, there is one door: it counts them together, and what was voided in the meantime opens nothing. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { Gate } from '../../src/model/account.ts';
import type { Admit, Admitted } from '../../src/stores/store.ts';
import { openTest } from '../../src/testing/instance.ts';
import { type Answer, Device, PASSWORD } from '../library/device.ts';
import { codeIn } from '../mail-sign-in/mails.ts';
import { Authenticator } from '../passkeys/authenticator.ts';
import { begin, registered } from '../passkeys/ceremonies.ts';
import { CLIENT, type StandIn, standIn } from '../social/stand-in.ts';
import { type Place, stores } from './stores.ts';

const LIMIT = 20;
const NEW_PASSWORD = 'quite-an0ther-pw';
const PROVIDER = '/auth/social/acme/';

type Opened = Awaited<ReturnType<typeof openTest>>;
type Way = 'password' | 'passkey' | 'mail' | 'social';
/** Does something that voids what was shown before it. */
type Act = (asked: { readonly id: number; readonly device: Device }) => Promise<void>;

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
  const prepare = async (way: Way, somebody = new Device(auth)): Promise<() => Promise<Answer>> => {
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
  return { id, device, prepare };
}

const WAYS: readonly Way[] = ['password', 'passkey', 'social'];

/** Fifty, of which the mailed ones are few: there are five codes an hour for an address. */
const wayOf = (turn: number): Way => (turn % 12 === 11 ? 'mail' : (WAYS[turn % WAYS.length] ?? 'password'));

type Prepare = (way: Way, device?: Device) => Promise<() => Promise<Answer>>;

/** Each on a device of its own, or by turns on these. */
async function fifty(prepare: Prepare, devices: readonly Device[] = []): Promise<(() => Promise<Answer>)[]> {
  const ready: (() => Promise<Answer>)[] = [];
  for (let turn = 0; turn < 50; turn++) ready.push(await prepare(wayOf(turn), devices[turn % devices.length]));
  return ready;
}

/** Stands before the door: notes by which revision each proof was shown, and lets some wait there while something voids them. */
class Doorman {
  readonly #shown = new Map<string, number>();
  #held: { passing: number; waiting: number; readonly areHere: () => void; readonly released: Promise<void> } | null =
    null;

  constructor({ store: { sessions } }: Opened['assembled']['parts']) {
    const admit = sessions.admit.bind(sessions);
    Object.assign(sessions, {
      admit: async (input: Admit): Promise<Admitted> => {
        this.#shown.set(input.session.id, input.gate.revision);
        await this.#passed();
        return await admit(input);
      },
    });
  }

  /** By which revision of its account a session's holder has shown who they are. */
  revisionOf(session: string): number {
    return this.#shown.get(session) ?? assert.fail('it came in by another door');
  }

  /** Of those who come to the door from now on so many go through, and the next so many wait: until it is over what is done meanwhile. */
  expect({ passing, waiting }: { readonly passing: number; readonly waiting: number }) {
    const [here, over] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    this.#held = { passing, waiting, areHere: here.resolve, released: over.promise };
    return { areHere: here.promise, release: over.resolve };
  }

  async #passed(): Promise<void> {
    const held = this.#held;
    if (held === null) return;
    if (held.passing > 0) {
      held.passing--;
      return;
    }
    if (held.waiting === 0) return;
    held.waiting--;
    if (held.waiting === 0) held.areHere();
    await held.released;
  }
}

for (const [name, { without, open }] of Object.entries(stores)) {
  describe(`F-13, P1, P5: fifty sign-ins at once by password, passkey, provider and mail, on ${name}`, {
    skip: without ?? false,
  }, () => {
    let place: Place;
    let provider: StandIn;
    let opened: Opened;
    let doorman: Doorman;
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
      doorman = new Doorman(opened.assembled.parts);
    });
    after(async () => {
      await opened.auth.close();
      await provider[Symbol.asyncDispose]();
      await place.remove();
    });

    async function live(id: number) {
      const { sessions } = await opened.assembled.parts.store.sessions.list(id);
      return sessions.filter(({ ending }) => ending === null);
    }

    test('exactly as many as there are places are live', async () => {
      const { id, prepare } = await owner(opened, provider);
      const answers = await Promise.all((await fifty(prepare)).map((signIn) => signIn()));
      assert.deepEqual(new Set(answers.map(({ status, text }) => (status === 200 ? '' : text))), new Set(['']));
      assert.equal((await live(id)).length, LIMIT);
    });

    async function gateOf(id: number): Promise<Gate> {
      return (await opened.assembled.parts.store.accounts.find(id))?.gate ?? assert.fail();
    }

    /** Devices that are known: they take their own places again, so that whoever does something meanwhile keeps theirs. */
    async function known(prepare: Prepare): Promise<readonly Device[]> {
      const devices = Array.from({ length: LIMIT - 1 }, () => new Device(opened.auth));
      for (const device of devices) assert.equal((await (await prepare('passkey', device))()).status, 200);
      return devices;
    }

    /** After so many came in, and while others wait at the door who have shown who they are. Then whoever comes by what is still good fills the places up, and no more than them. */
    async function inTheMidst(act: Act, passing: number): Promise<void> {
      const { id, device, prepare } = await owner(opened, provider);
      const own = await device.sessionId();
      const ready = await fifty(prepare, await known(prepare));
      const { validFrom: before } = await gateOf(id);
      const { areHere, release } = doorman.expect({ passing, waiting: 6 });
      // Close behind each other rather than all in one moment: the door is busy before it, during it and after it.
      const signIns = ready.map(async (signIn, turn) => {
        await setTimeout(turn);
        return await signIn();
      });
      await areHere;
      await act({ id, device });
      release();
      for (const { status, text } of await Promise.all(signIns))
        assert.ok(status === 200 || status === 400, `${status} ${text}`);
      const gate = await gateOf(id);
      const others = (await live(id)).filter((session) => session.id !== own);
      for (const { id: session, openedRevision, method } of others) {
        assert.ok(openedRevision >= gate.validFrom, `${method}, opened at ${openedRevision} of ${gate.validFrom}`);
        const shown = doorman.revisionOf(session);
        assert.ok(shown >= gate.validFrom, `${method}, shown at ${shown} of ${gate.validFrom}`);
      }
      assert.ok(gate.validFrom > before && others.length < LIMIT);
      if (gate.state === 'suspended') assert.deepEqual(await live(id), []);
      else assert.equal(await device.why(), null, 'whoever did it stays');
      await opened.auth.accounts.reactivate(id);
      const more = await Promise.all(Array.from({ length: LIMIT + 5 }, () => prepare('passkey')));
      for (const { status, text } of await Promise.all(more.map((signIn) => signIn()))) assert.equal(status, 200, text);
      assert.equal((await live(id)).length, LIMIT);
    }

    const acts: Record<string, Act> = {
      async 'a change of the password'({ device }) {
        const words = { old_password: PASSWORD, new_password1: NEW_PASSWORD, new_password2: NEW_PASSWORD };
        assert.equal((await device.ask('POST', '/auth/password/change/', words)).status, 200);
      },
      async 'an unlinking'({ device }) {
        assert.equal((await device.ask('POST', '/auth/social/accounts/1/disconnect/', {})).status, 200);
      },
      async 'a suspension'({ id }) {
        assert.equal((await opened.auth.accounts.suspend(id))?.state, 'suspended');
      },
    };

    for (const [what, act] of Object.entries(acts)) {
      test(`with ${what} in their midst nobody is in by what it made void`, async () => {
        for (let round = 0; round < 3; round++) await inTheMidst(act, 1 + 15 * round);
      });
    }
  });
}
