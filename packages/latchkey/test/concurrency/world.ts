/** Where everything that is usable once is made and used: an instance with every way in, a provider, and people. */
import assert from 'node:assert/strict';
import type { LatchkeyOptions } from 'latchkey';
import { openTest } from '../../src/testing/instance.ts';
import { type Answer, type Body, Device, OWN_ORIGIN, PASSWORD } from '../library/device.ts';
import { Authenticator } from '../passkeys/authenticator.ts';
import { registered } from '../passkeys/ceremonies.ts';
import { codeAt } from '../second-step/app.ts';
import { CLIENT, standIn } from '../social/stand-in.ts';

export type World = Awaited<ReturnType<typeof openWorld>>;

export type Person = { readonly id: number; readonly username: string; readonly email: string };

type Asked = {
  readonly json?: Body;
  readonly form?: Readonly<Record<string, string>>;
  readonly key?: string | undefined;
  /** As a browser sends them. */
  readonly cookies?: Readonly<Record<string, string | undefined>>;
};

/** So long a code of an app is the newest. */
export const STEP_MS = 30_000;

export async function openWorld(place: LatchkeyOptions) {
  const provider = await standIn();
  // Who comes with a code is who the code says, by the nonce that it says: `nonce.subject`.
  provider.says.set('/token', ({ form }) => {
    const [nonce = '', sub = ''] = (form.get('code') ?? '').split('.');
    return { json: { access_token: 'at-1', token_type: 'Bearer', id_token: provider.idToken({ nonce, sub }) } };
  });
  const opened = await openTest({
    ...place,
    accounts: { signInByMail: true, registration: 'invited' },
    // What is remembered of a session knows nothing of a clock that was moved by hand.
    sessions: {
      ...{ limit: 'unlimited', roleLimits: { single: 1 }, stepUpToDisplace: true },
      ...{ freshMinutes: 60, checks: 'strict' },
    },
    secondStep: { demandedOf: ['admin'] },
    social: { providers: { acme: { issuer: provider.url, ...CLIENT } } },
  });
  const { auth, clock, mailbox } = opened;
  let made = 0;

  const world = {
    ...opened,
    provider,
    /** The time of the store. */
    now: (): number => clock(),

    async person(isVerified = true): Promise<Person> {
      made++;
      const [username, email] = [`person${made}`, `person${made}@example.com`];
      const account = { username, email, emailVerified: isVerified, password: PASSWORD };
      const { id } = await auth.accounts.create(account);
      return { id, username, email };
    },

    /** What nobody else is called. */
    freshName(): string {
      made++;
      return `guest${made}`;
    },

    async device({ username }: Person): Promise<Device> {
      const device = new Device(auth);
      assert.equal((await device.signIn(username)).status, 200);
      return device;
    },

    async mailTo(address: string) {
      await auth.settle();
      return mailbox.mails.filter(({ to }) => to === address).at(-1);
    },

    /** The first of two steps. */
    async ticketOf({ username }: Person): Promise<string> {
      const { body } = await new Device(auth).signIn(username);
      return String(body['ticket'] ?? assert.fail(`there is no ticket in ${JSON.stringify(body)}`));
    },

    /** Sets an app up; its codes are new again afterwards. */
    async app(person: Person) {
      const device = await world.device(person);
      const { body } = await device.ask('GET', '/auth/mfa/totp/activate/');
      const secret = String(body['secret']);
      const given = { activation_token: body['activation_token'], code: codeAt(secret, clock()) };
      const done = await device.ask('POST', '/auth/mfa/totp/activate/', given);
      assert.equal(done.status, 200, done.text);
      clock.advance(STEP_MS);
      return { device, secret, codes: done.body['recovery_codes'] as readonly string[] };
    },

    /** Two passkeys that count nothing, so that each of them may be used many times at once. */
    async passkeys(person: Person): Promise<readonly Authenticator[]> {
      const device = await world.device(person);
      const both = [0, 1].map(() => new Authenticator({ counts: false, isVerified: false }));
      for (const one of both) await registered(device, one);
      return both;
    },

    async ask(method: string, path: string, { json, form, key, cookies = {} }: Asked = {}): Promise<Answer> {
      const cookie = Object.entries(cookies).map(([name, value]) => `${name}=${value}`);
      const response = await auth.handler(
        new Request(OWN_ORIGIN + path, {
          method,
          headers: {
            ...(json !== undefined && { 'content-type': 'application/json' }),
            ...(form !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
            ...(key !== undefined && { authorization: `Token ${key}` }),
            ...(cookie.length > 0 && { cookie: cookie.join('; ') }),
            // Pages are asked by pages of ours.
            ...(json === undefined && { 'sec-fetch-site': 'same-origin' }),
          },
          ...(json !== undefined && { body: JSON.stringify(json) }),
          ...(form !== undefined && { body: new URLSearchParams(form).toString() }),
        }),
      );
      const text = await response.text();
      const body = text.startsWith('{') ? (JSON.parse(text) as Body) : {};
      const { status, headers } = response;
      return { status, reason: headers.get('latchkey-reason'), text, body, headers };
    },

    async close(): Promise<void> {
      await auth.close();
      await provider[Symbol.asyncDispose]();
    },
  };
  return world;
}
