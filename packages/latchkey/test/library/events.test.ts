/** `onEvent`: the host hears of everything that happened, once, and of nobody's secrets. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import type { LatchkeyEvent } from 'latchkey';
import { linkIn, type TestInstance, testLatchkey } from 'latchkey/testing';
import { ask, type Body, Device, PASSWORD, signedIn } from './device.ts';
import { eventTypes } from './event-types.ts';

const RESET = 'another horse 7?';
const CHANGED = 'a third horse 5!';

/** Does everything that can be done; says what is to be heard of it, in order, and which secrets there were. */
async function everything({ auth, clock, mailbox }: TestInstance) {
  const secrets: string[] = [PASSWORD, RESET, CHANGED, 'wrong horse'];
  const mailed = async (): Promise<string> => {
    await auth.settle();
    const link = linkIn(mailbox.mails.at(-1));
    secrets.push(...link.split(/[/#]/).filter((part) => part.length > 20));
    return link;
  };
  const post = async (path: string, body: Body) => await ask(auth, 'POST', path, { body });

  const phone = new Device(auth);
  const account = { username: 'bob', email: 'bob@example.com' };
  await phone.ask('POST', '/auth/registration/', { ...account, password1: PASSWORD, password2: PASSWORD });
  const key = (await mailed()).split('/').at(-2);
  await post('/auth/registration/verify-email/', { key });
  await phone.ask('PATCH', '/auth/user/', { first_name: 'Bob' });
  secrets.push(phone.key);

  const laptop = new Device(auth, 'browser');
  await laptop.signIn('bob', 'wrong horse');
  await post('/auth/login/', { username: 'nobody', password: 'wrong horse' });
  await laptop.signIn('bob');
  secrets.push(laptop.key);
  await phone.signIn('bob');
  await phone.ask('POST', '/auth/sessions/end-others/');
  await phone.ask('POST', '/auth/password/change/', { new_password1: CHANGED, new_password2: CHANGED });
  await phone.ask('POST', '/auth/logout/');
  secrets.push(phone.key, phone.deviceToken, laptop.deviceToken);

  await post('/auth/password/reset/', { email: account.email });
  const [uid, token] = (await mailed()).split('/').slice(-3, -1);
  await post('/auth/password/reset/confirm/', { uid, token, new_password1: RESET, new_password2: RESET });
  await phone.signIn('bob', RESET);
  await phone.ask('DELETE', `/auth/sessions/${await phone.sessionId()}/`);

  const { id } = await auth.accounts.create({ username: 'ann', email: 'ann@example.com', password: PASSWORD });
  const imported = 'a'.repeat(40);
  await auth.sessions.importKey(id, imported);
  const { invitation } = await auth.accounts.invite({ email: 'eve@example.com' });
  await auth.accounts.setRoles(id, ['teacher']);
  await auth.sessions.endAll(id);
  await auth.accounts.suspend(id);
  await post('/auth/login/', { username: 'ann', password: PASSWORD });
  await auth.accounts.reactivate(id);
  clock.advance(1);
  const leaving = new Device(auth);
  await leaving.signIn();
  await leaving.ask('DELETE', '/auth/user/', { password: PASSWORD });
  secrets.push(leaving.key, leaving.deviceToken, phone.key, imported, invitation);
  return secrets;
}

const EXPECTED: readonly string[] = [
  'registered bob',
  'signed_in bob displacing 0',
  'email_verified bob',
  'profile_changed bob',
  'sign_in_refused 1 invalid_credentials',
  'sign_in_refused null invalid_credentials',
  'signed_in bob displacing 1',
  'signed_in bob displacing 1',
  'sessions_ended 1 0',
  'password_changed bob',
  'signed_out 1',
  'password_reset bob',
  'signed_in bob displacing 0',
  'sessions_ended 1 1',
  'registered ann',
  'roles_changed ann teacher',
  'sessions_ended 2 1',
  'account_suspended ann',
  'sign_in_refused 2 invalid_credentials',
  'account_reactivated ann',
  'signed_in ann displacing 0',
  'account_closed ann',
];

function inShort(event: LatchkeyEvent): string {
  switch (event.type) {
    case 'signed_in':
      return `${event.type} ${event.account.username} displacing ${event.displaced.length}`;
    case 'sign_in_refused':
      return `${event.type} ${event.accountId} ${event.code}`;
    case 'key_misused':
      return `${event.type} ${event.session.accountId} ${event.reason}`;
    case 'signed_out':
      return `${event.type} ${event.session.accountId}`;
    case 'sessions_ended':
      return `${event.type} ${event.accountId} ${event.sessions.length}`;
    case 'roles_changed':
      return `${event.type} ${event.account.username} ${event.account.roles.join()}`;
    default:
      return `${event.type} ${event.account.username}`;
  }
}

/** A secret, and all that a store keeps of it. */
function tracesOf(secret: string): readonly string[] {
  const hash = (encoding: 'hex' | 'base64' | 'base64url') => createHash('sha256').update(secret).digest(encoding);
  return [secret, hash('hex'), hash('base64'), hash('base64url')];
}

async function heardOf(onEvent: (event: LatchkeyEvent) => void | Promise<void>) {
  const errors: string[] = [];
  const log = {
    info: () => undefined,
    warn: (_: object, text: string) => assert.fail(text),
    error: (_: object, text: string) => void errors.push(text),
  };
  const instance = await testLatchkey({ onEvent, log });
  const secrets = await everything(instance);
  await instance.close();
  return { secrets, errors, subjects: instance.mailbox.mails.map(({ subject }) => subject) };
}

describe('onEvent', () => {
  test('P9: hears of every kind of event, of each exactly once and in order, and of no credential', async () => {
    const events: LatchkeyEvent[] = [];
    const { secrets, errors } = await heardOf((event) => void events.push(event));
    assert.deepEqual(events.map(inShort), EXPECTED);
    // Told where there is such a thing: see second-step.test.ts, change-email/api.test.ts, dpop/api.test.ts and defence/.
    const elsewhere = [
      ...['second_step_reset', 'email_changed', 'email_change_undone', 'key_misused'],
      ...['place_taken', 'place_reclaimed', 'takeover_withheld', 'session_disowned'],
    ];
    assert.deepEqual(new Set([...elsewhere, ...events.map(({ type }) => type)]), new Set(eventTypes));
    assert.deepEqual(errors, []);
    const told = JSON.stringify(events);
    assert.ok(secrets.every((secret) => secret.length > 10) && secrets.length > 15);
    for (const trace of secrets.flatMap(tracesOf)) assert.ok(!told.includes(trace), trace);
    assert.doesNotMatch(told, /lk_|ld_|argon|"hash|cheap\$/i);
  });

  for (const [how, fail] of [
    ['throws', () => assert.fail('a fault of the host')],
    ['rejects', async () => await Promise.reject(new Error('a fault of the host'))],
  ] as const) {
    test(`one that ${how} changes nothing, and each failure is logged`, async () => {
      let heard = 0;
      const { errors, subjects } = await heardOf(() => {
        heard++;
        return fail();
      });
      assert.equal(heard, EXPECTED.length);
      assert.deepEqual(errors, Array(EXPECTED.length).fill('telling the host failed'));
      const quiet = await heardOf(() => undefined);
      assert.deepEqual(subjects, quiet.subjects);
    });
  }

  test('an answer does not wait for it, and close() does', async () => {
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    const { auth, close } = await testLatchkey({ onEvent: () => gate });
    await auth.accounts.create({ username: 'ann', password: PASSWORD });
    await signedIn(auth, 1);
    let isClosed = false;
    const closing = close().then(() => {
      isClosed = true;
    });
    for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(isClosed, false);
    open();
    await closing;
  });

  test('F-4, F-7: what has happened already is not told again', async () => {
    const events: string[] = [];
    const { auth, close } = await testLatchkey({ onEvent: ({ type }) => void events.push(type) });
    const { id } = await auth.accounts.create({ username: 'ann', password: PASSWORD });
    const [device] = await signedIn(auth, 1);
    const sessionId = (await device?.sessionId()) ?? '';
    for (let time = 0; time < 2; time++) assert.equal(await auth.sessions.end(id, sessionId), true);
    for (let time = 0; time < 2; time++) await auth.accounts.suspend(id);
    for (let time = 0; time < 2; time++) await auth.accounts.reactivate(id);
    assert.equal(await auth.accounts.resetSecondStep(id), 0);
    await close();
    assert.deepEqual(events.slice(-3), ['sessions_ended', 'account_suspended', 'account_reactivated']);
    assert.equal(events.filter((type) => type === 'sessions_ended').length, 1);
  });

  test('one that never ends does not keep a process from stopping', async (t) => {
    const { auth, close } = await testLatchkey({ onEvent: () => new Promise<void>(() => undefined) });
    await auth.accounts.create({ username: 'ann', password: PASSWORD });
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const closing = close();
    t.mock.timers.tick(10_000);
    await closing;
  });

  test('is told of the newcomer and of who was displaced by it', async () => {
    const events: LatchkeyEvent[] = [];
    const { auth, close } = await testLatchkey({ onEvent: (event) => void events.push(event) });
    await auth.accounts.create({ username: 'ann', password: PASSWORD });
    const headers = { 'user-agent': 'curl/8.5.0' };
    for (let time = 0; time < 2; time++) {
      await ask(auth, 'POST', '/auth/login/', { body: { username: 'ann', password: PASSWORD }, headers });
    }
    await close();
    const [, first, second] = events;
    assert.ok(first?.type === 'signed_in' && second?.type === 'signed_in');
    assert.equal(second.displaced[0]?.id, first.session.id);
    assert.equal(second.displaced[0]?.ending?.reason, 'displaced');
    assert.equal(second.displaced[0]?.ending?.bySession, second.session.id);
    assert.equal(second.session.device.name, 'curl');
  });
});
