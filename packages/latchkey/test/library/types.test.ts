/**
 * The public types, as a host's code uses them. Most of what stands here is proven by compiling it: each `@ts-expect-error`
 * is an error that the compiler must find, and is one itself where it does not.
 */
import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { describe, test } from 'node:test';
import {
  type Account,
  type AccountId,
  type AccountInput,
  type AccountState,
  type Code,
  type CodeOptions,
  type DataOptions,
  type Device,
  type DeviceClass,
  type DeviceSummary,
  type Ending,
  type EndingNotice,
  type EndReason,
  type FieldErrors,
  InvalidSettings,
  type Invitation,
  type Json,
  type Latchkey,
  type LatchkeyEvent,
  type LatchkeyOptions,
  type Mail,
  type Message,
  type NodeHeaders,
  type NodeRequest,
  type Profile,
  Refusal,
  type Registration,
  type Send,
  type Session,
  SessionEnded,
  type SessionId,
  type SignedIn,
  type SignedOut,
  type SignInMethod,
  type Template,
  type Templates,
  UndeliverableMail,
} from 'latchkey';
import { testLatchkey } from 'latchkey/testing';
import { PASSWORD } from './device.ts';

/** Two types are the same one, each way. */
type Same<A, B> = [A, B] extends [B, A] ? true : false;

function holds<_Claim extends true>(): void {}

/** Never called: it is there to be compiled. */
export function options(): readonly LatchkeyOptions[] {
  return [
    {},
    { sessions: { limit: 3, whenFull: 'displace', idleDays: 1.5 } },
    { sessions: { classLimits: { web: 1, mobile: 2 }, clients: 'ios-app=1', roleLimits: { staff: 'unlimited' } } },
    { sessions: { limit: 'unlimited' }, accounts: { registration: 'invited', emailRequired: true } },
    { attempts: { perAccount: '10/5min' }, trustedProxies: ['10.0.0.0/8'], mail: { smtpUrl: 'none' } },
    // @ts-expect-error: a number of devices, or `unlimited` in so many letters
    { sessions: { limit: 'many' } },
    // @ts-expect-error: one of three words
    { accounts: { registration: 'some' } },
    // @ts-expect-error: no such option
    { sessions: { limits: 3 } },
    // @ts-expect-error: no such group
    { session: { limit: 3 } },
    // @ts-expect-error: a schema speaks Standard Schema
    { fields: { parse: (value: unknown) => value } },
    // @ts-expect-error: what is not given is left out
    { origin: undefined },
  ];
}

/** Never called, likewise. */
export function hooks(): readonly CodeOptions[] {
  return [
    { hooks: { beforeRegistration: ({ email }) => (email.endsWith('.edu') ? null : { email: ['No.'] }) } },
    { hooks: { beforeRegistration: async ({ profile }) => ({ plan: [String(profile['plan'])] }) } },
    { hooks: { beforeRegistration: () => undefined } },
    { hooks: { placeOf: (address) => (address.startsWith('10.') ? 'The office' : null) } },
    { hooks: { placeOf: async () => '' } },
    { hooks: { limitOf: ({ profile }) => (profile['plan'] === 'family' ? 5 : null) } },
    { hooks: { placeOf: async () => ({ name: 'Graz', latitude: 47.07, longitude: 15.44 }) } },
    // @ts-expect-error: a place is a name, or one with its coordinates
    { hooks: { placeOf: () => ({ city: 'Graz' }) } },
    // @ts-expect-error: a limit is a number
    { hooks: { limitOf: () => '3' } },
    // @ts-expect-error: messages stand in lists
    { hooks: { beforeRegistration: () => ({ email: 'No.' }) } },
    // @ts-expect-error: a hook is told no password
    { hooks: { beforeRegistration: ({ password }) => password } },
    { onEvent: (event) => void event.type, clock: () => 0 },
    // @ts-expect-error: a mail has a text
    { mailTemplates: { invitation: ({ link }) => ({ subject: link, html: link }) } },
    // @ts-expect-error: an invitation names nobody
    { mailTemplates: { invitation: ({ username }) => ({ subject: username, html: '', text: '' }) } },
    {
      mailTemplates: { 'verify-email': ({ username, link }, site) => ({ subject: site, text: username, html: link }) },
    },
  ];
}

function whoIsIt(who: SignedIn | SignedOut): string {
  // @ts-expect-error: not before it was asked whether anybody is signed in
  assert.ok(who.account === undefined || who.signedIn);
  if (who.signedIn) {
    holds<Same<typeof who, SignedIn>>();
    const { account, session, signal } = who;
    holds<Same<typeof account.id, AccountId>>();
    holds<Same<typeof session, Session>>();
    holds<Same<typeof signal, AbortSignal>>();
    // @ts-expect-error: roles are read, not written
    assert.ok(() => account.roles.push('teacher'));
    // @ts-expect-error: there is nothing to answer
    assert.equal(who.respond, undefined);
    return `${account.id} ${account.roles.join()}`;
  }
  holds<Same<typeof who.code, Code>>();
  holds<Same<ReturnType<typeof who.respond>, Response>>();
  // @ts-expect-error: nobody is there
  assert.equal(who.session, undefined);
  return who.code;
}

/** Leaves no event out, or does not compile. */
function subjectOf(event: LatchkeyEvent): AccountId | null {
  switch (event.type) {
    case 'registered':
    case 'signed_in':
    case 'password_changed':
    case 'password_reset':
    case 'email_verified':
    case 'email_changed':
    case 'email_change_undone':
    case 'profile_changed':
    case 'account_suspended':
    case 'account_reactivated':
    case 'second_step_reset':
    case 'roles_changed':
    case 'account_closed':
    case 'place_taken':
    case 'place_reclaimed':
    case 'takeover_withheld':
    case 'session_disowned':
      return event.account.id;
    case 'signed_out':
    case 'key_misused':
      return event.session.accountId;
    case 'sessions_ended':
    case 'sign_in_refused':
      return event.accountId;
    default:
      return nothingLeft(event);
  }
}

function nothingLeft(event: never): never {
  throw new Error(`There is an event that nobody knows: ${JSON.stringify(event)}`);
}

/** Every reason in a host's words; a new one does not compile without its own. */
const reasons: Readonly<Record<EndReason, string>> = {
  displaced: 'on another device',
  signed_out: 'by yourself',
  revoked: 'by you or an operator',
  password_changed: 'by a new password',
  credential_removed: 'by a credential that is gone',
  account_disabled: 'with your account',
  expired: 'by time',
};

function shapes(): void {
  holds<Same<SignInMethod, 'password' | 'passkey' | 'mail' | 'social' | 'registration' | 'imported'>>();
  holds<Same<AccountState, 'active' | 'suspended' | 'closed'>>();
  holds<Same<Account['profile'], Profile>>();
  holds<Same<Profile[string], Json>>();
  holds<Same<Session['id'], SessionId>>();
  holds<Same<Session['ending'], Ending | null>>();
  holds<Same<Session['device'], Device>>();
  holds<Same<Session['place'], string | null>>();
  holds<Same<Device['class'], DeviceClass>>();
  holds<Same<EndingNotice['by'], DeviceSummary | null>>();
  holds<Same<Refusal['fields'], FieldErrors | null>>();
  holds<Same<Registration['username'], string>>();
  holds<Same<Awaited<ReturnType<Latchkey['accounts']['invite']>>, Invitation>>();
  holds<Same<Parameters<Latchkey['accounts']['create']>[0], AccountInput>>();
  holds<Same<Parameters<Template<'invitation'>>[0], Extract<Message, { kind: 'invitation' }>>>();
  holds<Same<ReturnType<NonNullable<Templates['reset-password']>>, Omit<Mail, 'to'>>>();
  holds<IncomingMessage extends NodeRequest ? true : false>();
  holds<IncomingMessage['headers'] extends NodeHeaders ? true : false>();
  holds<DataOptions extends LatchkeyOptions ? true : false>();
}

describe('the public types', () => {
  test('tell who is signed in, and who is not', async () => {
    shapes();
    const { auth, close } = await testLatchkey();
    await auth.accounts.create({ username: 'ann', roles: ['teacher'] });
    assert.equal(whoIsIt(await auth.authenticate({})), 'not_authenticated');
    const session = await auth.sessions.importKey(1, 'a'.repeat(40));
    assert.equal(session?.ending, null);
    assert.equal(whoIsIt(await auth.authenticate({ authorization: `Token ${'a'.repeat(40)}` })), '1 teacher');
    await close();
  });

  test('let a host look at every event, and leave none out', async () => {
    const subjects: (AccountId | null)[] = [];
    const { auth, close } = await testLatchkey({ onEvent: (event) => void subjects.push(subjectOf(event)) });
    await auth.accounts.create({ username: 'ann' });
    await auth.sessions.endAll(1);
    await auth.accounts.suspend(1);
    await close();
    assert.deepEqual(subjects, [1, 1, 1]);
    assert.equal(Object.keys(reasons).length, 7);
  });

  test('errors are classes: what went wrong is told apart by them', async () => {
    const { auth, close } = await testLatchkey();
    const flawed = await auth.accounts.create({ username: 'a b', password: PASSWORD }).catch((error: unknown) => error);
    assert.ok(flawed instanceof Refusal);
    assert.deepEqual(Object.keys(flawed.fields ?? {}), ['username']);
    await close();
    const unset = await testLatchkey({ basePath: 'auth' }).catch((error: unknown) => error);
    assert.ok(unset instanceof InvalidSettings);
    assert.equal(unset.problems.length, 1);
    const send: Send = async () => await Promise.reject(new UndeliverableMail('no such mailbox'));
    await assert.rejects(send({ to: '', from: '', subject: '', text: '', html: '', messageId: '' }), UndeliverableMail);
    assert.equal(new SessionEnded('session_displaced').code, 'session_displaced');
  });
});
