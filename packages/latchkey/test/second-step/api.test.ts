import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { encode } from 'uqr';
import { Device, PASSWORD, withAnn } from '../library/device.ts';
import { codeAt } from './app.ts';
import { enrol, half, STEP_MS, show, VOID, WRONG } from './enrolled.ts';

/** The dark modules of a picture, row by row. */
function modulesIn(svg: string): readonly (readonly boolean[])[] {
  const size = Number(/viewBox="0 0 (\d+)0 \d+"/.exec(svg)?.[1]);
  const dark = new Set([...svg.matchAll(/M(\d+),(\d+)h10v10/g)].map(([, x, y]) => `${x},${y}`));
  const upTo = Array.from({ length: size }, (_, at) => at * 10);
  return upTo.map((y) => upTo.map((x) => dark.has(`${x},${y}`)));
}

describe('an authenticator app as the second step', () => {
  test(
    'F-17, P7: half a sign-in displaces nobody and opens nothing; the other half does',
    withAnn({}, async (instance) => {
      const { device, secret } = await enrol(instance);
      const other = new Device(instance.auth);
      const ticket = await half(other);
      assert.equal(await device.why(), null);
      assert.equal((await other.ask('GET', '/auth/session/')).status, 401);
      assert.equal(
        (await other.ask('GET', '/auth/session/', undefined, { authorization: `Token ${ticket}` })).status,
        401,
        'H5',
      );
      const done = await show(other, ticket, codeAt(secret, instance.clock()));
      assert.equal(done.status, 200, done.text);
      assert.equal(await other.why(), null);
      assert.equal(await device.why(), 'session_displaced');
    }),
  );

  test(
    'H1: a code works once, and none of an older step after it',
    withAnn({ sessions: { limit: 9 } }, async (instance) => {
      const { secret } = await enrol(instance);
      const { auth, clock } = instance;
      const devices = Array.from({ length: 5 }, () => new Device(auth));
      const tickets = await Promise.all(devices.map(half));
      const code = codeAt(secret, clock());
      const answers = await Promise.all(devices.map((device, at) => show(device, tickets[at] ?? '', code)));
      assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 400, 400, 400, 400]);
      for (const { status, body } of answers) if (status === 400) assert.deepEqual(body, WRONG);
      const late = new Device(auth);
      const ticket = await half(late);
      assert.deepEqual((await show(late, ticket, codeAt(secret, clock() - STEP_MS))).body, WRONG);
      assert.equal((await show(late, ticket, codeAt(secret, clock() + STEP_MS))).status, 200);
    }),
  );

  test(
    'H3: a clock that is half a minute off does, one that is five minutes off does not',
    withAnn({}, async (instance) => {
      const { secret } = await enrol(instance);
      instance.clock.advance(10 * STEP_MS);
      const device = new Device(instance.auth);
      const ticket = await half(device);
      for (const off of [-10, -2, 2, 10]) {
        assert.deepEqual(
          (await show(device, ticket, codeAt(secret, instance.clock() + off * STEP_MS))).body,
          WRONG,
          `${off}`,
        );
      }
      assert.equal((await show(device, ticket, codeAt(secret, instance.clock() - STEP_MS))).status, 200);
    }),
  );

  test(
    'H3: a clock that jumps back makes no used step good again',
    withAnn({ sessions: { limit: 9 } }, async (instance) => {
      const { secret } = await enrol(instance);
      const { auth, clock } = instance;
      const [first, other] = [new Device(auth), new Device(auth)];
      const code = codeAt(secret, clock());
      assert.equal((await show(first, await half(first), code)).status, 200);
      clock.advance(-STEP_MS);
      const ticket = await half(other);
      assert.deepEqual((await show(other, ticket, code)).body, WRONG);
      assert.deepEqual((await show(other, ticket, codeAt(secret, clock()))).body, WRONG, 'nor one before it');
      clock.advance(2 * STEP_MS);
      assert.equal((await show(other, ticket, codeAt(secret, clock()))).status, 200);
    }),
  );

  test(
    'H5: a ticket works once and for ten minutes',
    withAnn({ sessions: { limit: 9 } }, async (instance) => {
      const { secret } = await enrol(instance);
      const { auth, clock } = instance;
      const device = new Device(auth);
      const ticket = await half(device);
      assert.equal((await show(device, ticket, codeAt(secret, clock()))).status, 200);
      clock.advance(STEP_MS);
      assert.deepEqual((await show(new Device(auth), ticket, codeAt(secret, clock()))).body, VOID);
      const late = await half(new Device(auth));
      clock.advance(10 * 60_000);
      assert.deepEqual((await show(new Device(auth), late, codeAt(secret, clock()))).body, VOID);
    }),
  );

  test(
    'P5: what voids the first proof voids its ticket: a suspension, a sign-out everywhere',
    withAnn({}, async (instance) => {
      const { secret } = await enrol(instance);
      const { auth, clock } = instance;
      const [ann] = await auth.accounts.findByEmail('ann@example.com');
      assert.ok(ann !== undefined);
      const stopped = await half(new Device(auth));
      await auth.sessions.endAll(ann.id);
      assert.deepEqual((await show(new Device(auth), stopped, codeAt(secret, clock()))).body, VOID);
      const suspended = await half(new Device(auth));
      await auth.accounts.suspend(ann.id);
      assert.deepEqual((await show(new Device(auth), suspended, codeAt(secret, clock()))).body, VOID);
    }),
  );

  test(
    'H4: the picture is the address that is told, module for module',
    withAnn({}, async ({ auth }) => {
      const device = new Device(auth);
      await device.signIn();
      const { body } = await device.ask('GET', '/auth/mfa/totp/activate/');
      const [head, data = ''] = String(body['qr_code_data_uri']).split(',');
      assert.equal(head, 'data:image/svg+xml;base64');
      const url = String(body['totp_url']);
      assert.ok(url.startsWith('otpauth://totp/') && url.includes(`secret=${body['secret']}`), url);
      assert.deepEqual(modulesIn(Buffer.from(data, 'base64').toString()), encode(url).data);
    }),
  );

  test(
    'H2: five codes for a ticket, and no more for another device',
    withAnn({ rateLimits: 'on' }, async (instance) => {
      const { secret } = await enrol(instance);
      const ticket = await half(new Device(instance.auth));
      for (let tries = 0; tries < 5; tries++) {
        assert.deepEqual((await show(new Device(instance.auth), ticket, '000000')).body, WRONG);
      }
      const right = await show(new Device(instance.auth), ticket, codeAt(secret, instance.clock()));
      assert.equal(right.status, 429);
    }),
  );

  test(
    'H8: a recovery code stands in once, however it is typed, and its owner is told',
    withAnn({ sessions: { limit: 99 } }, async (instance) => {
      const { codes, device } = await enrol(instance);
      const { auth, mailbox } = instance;
      assert.equal(new Set(codes).size, 10);
      const [first = '', second = ''] = codes;
      const devices = Array.from({ length: 20 }, () => new Device(auth));
      const tickets = await Promise.all(devices.map(half));
      const answers = await Promise.all(devices.map((one, at) => show(one, tickets[at] ?? '', first)));
      assert.equal(answers.filter(({ status }) => status === 200).length, 1);
      const typed = second.toUpperCase().replaceAll('-', ' ');
      assert.equal((await show(new Device(auth), await half(new Device(auth)), typed)).status, 200);
      const left = await device.ask('GET', '/auth/mfa/recovery-codes/');
      assert.deepEqual(left.body, { codes: [], left: 8 });
      await auth.settle();
      assert.equal(mailbox.mails.filter(({ subject }) => subject.includes('recovery code was used')).length, 2);
      const renewed = await device.ask('POST', '/auth/mfa/recovery-codes/regenerate/');
      assert.equal(renewed.status, 200, renewed.text);
      const third = codes[2] ?? '';
      assert.deepEqual(
        (await show(new Device(auth), await half(new Device(auth)), third)).body,
        WRONG,
        'the old set is dead',
      );
    }),
  );

  test(
    'H4: it takes a code to set one up, a second one is refused, and nothing shows the secret again',
    withAnn({}, async (instance) => {
      const device = new Device(instance.auth);
      await device.signIn();
      const begun = await device.ask('GET', '/auth/mfa/totp/activate/');
      const token = begun.body['activation_token'];
      const wrong = await device.ask('POST', '/auth/mfa/totp/activate/', { activation_token: token, code: '000000' });
      assert.deepEqual(wrong.body, { code: ['Invalid code. Please check your authenticator app and try again.'] });
      assert.equal((await device.ask('GET', '/auth/mfa/status/')).body['mfa_enabled'], false);
      const code = codeAt(String(begun.body['secret']), instance.clock());
      const both = await Promise.all(
        [1, 2].map(() => device.ask('POST', '/auth/mfa/totp/activate/', { activation_token: token, code })),
      );
      assert.deepEqual(both.map(({ status }) => status).sort(), [200, 400]);
      const again = await device.ask('GET', '/auth/mfa/totp/activate/');
      assert.equal(again.status, 400);
      assert.equal(again.body['detail'], 'MFA is already enabled. Deactivate it before activating again.');
    }),
  );

  test(
    'H6: an activation token is its own account’s',
    withAnn({}, async ({ auth, clock }) => {
      await auth.accounts.create({ username: 'bob', email: 'bob@example.com', password: 'correct horse 9!' });
      const [ann, bob] = [new Device(auth), new Device(auth)];
      await ann.signIn();
      await bob.signIn('bob');
      const { body } = await ann.ask('GET', '/auth/mfa/totp/activate/');
      const given = { activation_token: body['activation_token'], code: codeAt(String(body['secret']), clock()) };
      assert.deepEqual((await bob.ask('POST', '/auth/mfa/totp/activate/', given)).body, {
        activation_token: ['Invalid activation token for this user.'],
      });
    }),
  );

  test(
    'H9: it goes by a code alone, and signs the other devices out',
    withAnn({ sessions: { limit: 9 } }, async (instance) => {
      const { device, secret } = await enrol(instance);
      const { auth, clock } = instance;
      const other = new Device(auth);
      await show(other, await half(other), codeAt(secret, clock()));
      clock.advance(STEP_MS);
      assert.deepEqual((await device.ask('POST', '/auth/mfa/totp/deactivate/', { code: '000000' })).body, WRONG);
      const done = await device.ask('POST', '/auth/mfa/totp/deactivate/', { code: codeAt(secret, clock()) });
      assert.deepEqual(done.body, { detail: 'TOTP has been deactivated.' });
      assert.equal(await device.why(), null);
      assert.equal(await other.why(), 'session_revoked');
      assert.equal('key' in (await new Device(auth).signIn()).body, true);
    }),
  );

  test(
    'a session that is not fresh sets nothing up',
    withAnn({}, async ({ auth, clock }) => {
      const device = new Device(auth);
      await device.signIn();
      clock.advance(11 * 60_000);
      const stale = await device.ask('GET', '/auth/mfa/totp/activate/');
      assert.equal(stale.status, 403);
      assert.equal(stale.reason, 'reauthentication_required');
    }),
  );

  test(
    'H6: a device is remembered for its own account and time, and not past a password change',
    withAnn({}, async (instance) => {
      const { secret } = await enrol(instance);
      const { auth, clock } = instance;
      const device = new Device(auth);
      await show(device, await half(device), codeAt(secret, clock()), { remember: true });
      assert.equal('key' in (await device.signIn()).body, true, 'the same device is not asked');
      await half(new Device(auth));
      clock.advance(30 * 86_400_000);
      await half(device);
      clock.advance(STEP_MS);
      await show(device, await half(device), codeAt(secret, clock()), { remember: true });
      const change = { new_password1: 'another horse 9!', new_password2: 'another horse 9!' };
      assert.equal((await device.ask('POST', '/auth/password/change/', change)).status, 200);
      const after = await device.signIn('ann', 'another horse 9!');
      assert.equal(after.body['mfa_required'], true);
    }),
  );

  test(
    'H6: a remembered device is so for one account, by its own token, until its session is ended by hand',
    withAnn({ sessions: { limit: 9 } }, async (instance) => {
      const { secret, device: own } = await enrol(instance);
      const { auth, clock } = instance;
      await auth.accounts.create({ username: 'bob', email: 'bob@example.com', password: PASSWORD });
      const bob = new Device(auth);
      await bob.signIn('bob');
      const { body } = await bob.ask('GET', '/auth/mfa/totp/activate/');
      const given = { activation_token: body['activation_token'], code: codeAt(String(body['secret']), clock()) };
      assert.equal((await bob.ask('POST', '/auth/mfa/totp/activate/', given)).status, 200);
      clock.advance(STEP_MS);
      const device = new Device(auth);
      await show(device, await half(device), codeAt(secret, clock()), { remember: true });
      assert.equal('key' in (await device.signIn()).body, true);
      const { deviceToken } = device;
      assert.equal((await device.signIn('bob')).body['mfa_required'], true, 'anns device is not bobs');
      const planted = Object.assign(new Device(auth), { deviceToken: bob.deviceToken });
      assert.equal((await planted.signIn()).body['mfa_required'], true, 'nor is bobs token anns');
      const again = Object.assign(new Device(auth), { deviceToken });
      assert.equal('key' in (await again.signIn()).body, true);
      const ended = await own.ask('DELETE', `/auth/sessions/${await again.sessionId()}/`);
      assert.equal(ended.status, 204, ended.text);
      assert.equal((await again.signIn()).body['mfa_required'], true, 'whose session was ended is asked again');
    }),
  );

  test(
    'H9: a device that is spared the question is asked it for what matters',
    withAnn({}, async (instance) => {
      const { secret } = await enrol(instance);
      const { auth, clock } = instance;
      const device = new Device(auth);
      await show(device, await half(device), codeAt(secret, clock()), { remember: true });
      const renew = () => device.ask('POST', '/auth/mfa/recovery-codes/regenerate/');
      assert.equal((await renew()).status, 200);
      assert.equal('key' in (await device.signIn()).body, true);
      assert.equal((await renew()).reason, 'reauthentication_required');
      clock.advance(STEP_MS);
      await device.ask('POST', '/auth/reauthenticate/', { code: codeAt(secret, clock()) });
      assert.equal((await renew()).status, 200);
    }),
  );

  test(
    'E5: a reset signs nobody in, and a sign-in with the new password asks for the second step',
    withAnn({}, async (instance) => {
      const { secret } = await enrol(instance);
      const { auth, clock, mailbox } = instance;
      const device = new Device(auth);
      await device.ask('POST', '/auth/password/reset/', { email: 'ann@example.com' });
      await auth.settle();
      const [, uid, token] = /reset\/confirm\/([^/]+)\/([^/\s]+)/.exec(mailbox.mails.at(-1)?.text ?? '') ?? [];
      const twice = { new_password1: 'battery staple 7?', new_password2: 'battery staple 7?' };
      const done = await device.ask('POST', '/auth/password/reset/confirm/', { uid, token, ...twice });
      assert.equal(done.status, 200, done.text);
      assert.equal('key' in done.body, false);
      const { body } = await device.signIn('ann', 'battery staple 7?');
      assert.equal(body['mfa_required'], true);
      assert.equal('key' in body, false);
      assert.equal((await show(device, String(body['ticket']), codeAt(secret, clock()))).status, 200);
    }),
  );

  test(
    'the recorded answers where there is no app: to take it away, and to renew its codes',
    withAnn({}, async ({ auth }) => {
      const device = new Device(auth);
      await device.signIn();
      for (const path of ['/auth/mfa/totp/deactivate/', '/auth/mfa/recovery-codes/regenerate/']) {
        const { status, body } = await device.ask('POST', path, { code: '000000' });
        assert.equal(status, 400);
        assert.equal(body['detail'], 'MFA is not enabled.', path);
      }
    }),
  );

  test(
    'the article’s and DRF’s routes refuse half a sign-in with its ticket',
    withAnn({}, async (instance) => {
      await enrol(instance);
      for (const path of ['/auth/signin/', '/api/token/']) {
        const answer = await new Device(instance.auth).ask('POST', path, {
          username: 'ann',
          password: 'correct horse 9!',
        });
        assert.equal(answer.status, 401, path);
        assert.equal(answer.reason, 'second_step_required');
        assert.equal(typeof answer.body['ticket'], 'string');
      }
    }),
  );
});

describe('a second step that is demanded', () => {
  test(
    'H7: by role: it is set up before anybody is in, and cannot be taken away',
    withAnn({ secondStep: { demandedOf: ['admin'] } }, async (instance) => {
      const { auth, clock } = instance;
      const device = new Device(auth);
      assert.equal('key' in (await device.signIn()).body, true);
      const [ann] = await auth.accounts.findByEmail('ann@example.com');
      await auth.accounts.setRoles(ann?.id ?? 0, ['admin']);
      assert.equal(await device.why(), 'session_revoked', 'who came in by half does not have the role');
      const fresh = new Device(auth);
      const { body } = await fresh.signIn();
      assert.equal(body['set_up'], true);
      const ticket = String(body['ticket']);
      const begun = (await fresh.ask('POST', '/auth/login/second-step/set-up/', { ticket })).body;
      const secret = String(begun['secret']);
      const given = { activation_token: begun['activation_token'] };
      assert.equal((await show(fresh, ticket, '000000', given)).status, 400);
      const done = await show(fresh, ticket, codeAt(secret, clock()), given);
      assert.equal(done.status, 200, done.text);
      assert.equal((done.body['recovery_codes'] as readonly string[]).length, 10);
      assert.equal(await fresh.why(), null);
      clock.advance(STEP_MS);
      const off = await fresh.ask('POST', '/auth/mfa/totp/deactivate/', { code: codeAt(secret, clock()) });
      assert.equal(off.reason, 'second_step_demanded');
    }),
  );
});
