/** An app in the place of another: a new phone, or one that was lost, where no second step may be missing. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TestInstance } from 'latchkey/testing';
import { Device, withAnn } from '../library/device.ts';
import { codeAt } from './app.ts';
import { enrol, half, STEP_MS, show, WRONG } from './enrolled.ts';

const SET_UP = '/auth/mfa/totp/activate/';
const REPLACE = `${SET_UP}?replace=true`;
const PRESENT = 'MFA is already enabled. Deactivate it before activating again.';
const DEMANDED = { secondStep: { demandedOf: ['admin'] }, sessions: { limit: 9 } } as const;

/** Ann has an app, which is demanded of her. */
async function demanded(instance: TestInstance) {
  const enrolled = await enrol(instance);
  const [ann] = await instance.auth.accounts.findByEmail('ann@example.com');
  await instance.auth.accounts.setRoles(ann?.id ?? 0, ['admin']);
  return enrolled;
}

describe('an app in the place of another', () => {
  test(
    'P10: whoever lost the phone comes in by a recovery code, and has another app, however much one is demanded',
    withAnn(DEMANDED, async (instance) => {
      const { secret, codes } = await demanded(instance);
      const { auth, clock, mailbox } = instance;
      const other = new Device(auth);
      assert.equal((await show(other, await half(other), codeAt(secret, clock()))).status, 200);
      clock.advance(STEP_MS);
      const device = new Device(auth);
      assert.equal((await show(device, await half(device), codes[0] ?? '')).status, 200);
      const off = await device.ask('POST', '/auth/mfa/totp/deactivate/', { code: codes[1] ?? '' });
      assert.equal(off.reason, 'second_step_demanded');
      const { body } = await device.ask('GET', REPLACE);
      const next = String(body['secret']);
      const given = { activation_token: body['activation_token'] };
      assert.equal((await device.ask('POST', SET_UP, { ...given, code: '000000' })).status, 400);
      assert.equal(await other.why(), null, 'nothing is changed before there is a code of the new one');
      const done = await device.ask('POST', SET_UP, { ...given, code: codeAt(next, clock()) });
      assert.equal(done.status, 200, done.text);
      assert.equal(await device.why(), null);
      assert.equal(await other.why(), 'session_revoked');
      clock.advance(STEP_MS);
      const after = new Device(auth);
      const ticket = await half(after);
      for (const dead of [codeAt(secret, clock()), codes[2] ?? '']) {
        assert.deepEqual((await show(after, ticket, dead)).body, WRONG);
      }
      assert.equal((await show(after, ticket, codeAt(next, clock()))).status, 200);
      const fresh = done.body['recovery_codes'] as readonly string[];
      const last = new Device(auth);
      assert.equal((await show(last, await half(last), fresh[0] ?? '')).status, 200);
      await auth.settle();
      assert.ok(mailbox.mails.some(({ subject }) => /has another app now/.test(subject)));
    }),
  );

  test(
    'H4: it is asked for in so many words, and what was begun otherwise replaces none',
    withAnn({}, async (instance) => {
      const { device } = await enrol(instance);
      for (const path of [SET_UP, `${SET_UP}?replace=false`, `${SET_UP}?replace`]) {
        const refused = await device.ask('GET', path);
        assert.deepEqual([refused.status, refused.body['detail']], [400, PRESENT], path);
      }
    }),
  );

  test(
    'H4: a token of before there was an app replaces none, and a body that says so changes nothing',
    withAnn({}, async (instance) => {
      const { auth, clock } = instance;
      const device = new Device(auth);
      await device.signIn();
      const begun = await device.ask('GET', SET_UP);
      const token = begun.body['activation_token'];
      const code = codeAt(String(begun.body['secret']), clock());
      const given = { activation_token: token, code };
      assert.equal((await device.ask('POST', SET_UP, given)).status, 200);
      const again = await device.ask('POST', SET_UP, { ...given, replace: true });
      assert.equal(again.status, 400);
    }),
  );

  test(
    'H9: it takes a sign-in of a moment ago by both steps, and half of one does not do',
    withAnn({}, async (instance) => {
      const { device, secret } = await enrol(instance);
      const { auth, clock } = instance;
      clock.advance(11 * 60_000);
      assert.equal((await device.ask('GET', REPLACE)).reason, 'reauthentication_required');
      const kept = new Device(auth);
      await show(kept, await half(kept), codeAt(secret, clock()), { remember: true });
      assert.equal('key' in (await kept.signIn()).body, true);
      assert.equal((await kept.ask('GET', REPLACE)).reason, 'reauthentication_required', 'a device that is spared it');
    }),
  );

  test(
    'of two replacements that were begun, one is made, and the other is void by it',
    withAnn({}, async (instance) => {
      const { device } = await enrol(instance);
      const begun = [await device.ask('GET', REPLACE), await device.ask('GET', REPLACE)];
      const answers = await Promise.all(
        begun.map(({ body }) =>
          device.ask('POST', SET_UP, {
            activation_token: body['activation_token'],
            code: codeAt(String(body['secret']), instance.clock()),
          }),
        ),
      );
      assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 400]);
      const lost = answers.find(({ status }) => status === 400);
      assert.deepEqual(lost?.body, { activation_token: ['Invalid or expired activation token.'] });
    }),
  );
});
