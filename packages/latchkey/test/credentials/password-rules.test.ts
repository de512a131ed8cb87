import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { commonPasswords } from '../../src/credentials/common-passwords.ts';
import { type PasswordOwner, type PasswordPolicy, passwordFlaws } from '../../src/model/password.ts';
import { linkIn } from '../../src/testing/mailbox.ts';
import { ask, keyOf, PASSWORD, signIn, withTest } from '../attempts/asking.ts';

const ALL: PasswordPolicy = { rules: ['similarity', 'length', 'common', 'numeric'], minLength: 8 };

const JOHN: PasswordOwner = {
  username: 'johndoe',
  firstName: 'John',
  lastName: 'Doe-Smithers',
  email: 'john.doe@example.com',
};

/** Worked out with Python's `difflib`, as Django does it: twice the letters in common over all letters, 0.7 and more. */
const similar: readonly (readonly [password: string, owner: Partial<PasswordOwner>, to: string | null])[] = [
  ['johndoe123', JOHN, 'username'], // 0.82
  ['johndoe12345', JOHN, 'username'], // 0.74
  ['eodnhoj99', JOHN, 'username'], // 0.88: the order of letters does not count
  ['JOHNDOE!', JOHN, 'username'], // 0.93: nor does their case
  ['j0hnd0e', JOHN, 'username'], // 0.71
  ['smithers1', JOHN, 'last name'], // 0.94: a part of the name
  ['doe-smith', JOHN, 'last name'], // 0.71
  ['doesmithers77', JOHN, 'last name'], // 0.76
  ['examplecom', JOHN, 'email address'], // 0.82
  ['john.doe@example', JOHN, 'email address'], // 0.89
  ['exampl3', JOHN, 'email address'], // 0.86
  ['comma', JOHN, 'email address'], // 0.75: even `com` is a part of it
  ['johnjohn', JOHN, null],
  ['john1234', JOHN, null],
  ['comhello', JOHN, null],
  ['zoë-müller', { username: 'zoë müller' }, 'username'], // 0.75 of `müller`: accents are letters, white space is none
  ['😀😀😀', { username: '😀😀😀' }, 'username'],
  ['a'.repeat(30), { username: 'a' }, null],
  ['abc', { username: 'ab' }, 'username'], // 0.80
  ['ab', { username: 'a' }, null], // 0.67
  ['straße123', { username: 'strasse' }, null],
];

describe('Django’s four validators', () => {
  for (const [password, owner, to] of similar) {
    test(`“${password.slice(0, 16)}” is ${to === null ? 'like nothing of' : `like the ${to} of`} its owner`, () => {
      const whole: PasswordOwner = { username: '', firstName: '', lastName: '', email: '', ...owner };
      const flaws = passwordFlaws(password, whole, { rules: ['similarity'], minLength: 1 }, () => false);
      assert.deepEqual(flaws, to === null ? [] : [{ rule: 'similarity', to }]);
    });
  }

  test('V6.2.1: letters are counted as people count them, not as UTF-16 does', () => {
    const tooShort = (password: string) =>
      passwordFlaws(password, null, { rules: ['length'], minLength: 8 }, () => false);
    assert.deepEqual(tooShort('😀'.repeat(7)), [{ rule: 'length', minLength: 8 }]);
    assert.deepEqual(tooShort('😀'.repeat(8)), []);
    assert.deepEqual(tooShort('1234567'), [{ rule: 'length', minLength: 8 }]);
    assert.deepEqual(tooShort('12345678'), []);
  });

  test('V6.2.4: what everybody tries is common, in any case and with white space around it', async () => {
    const common = await commonPasswords();
    const isCommon = (password: string) =>
      passwordFlaws(password, null, { rules: ['common'], minLength: 1 }, (word) => common.has(word)).length > 0;
    const tried = ['password', 'Password1', ' PASSWORD ', '12345678', 'qwertyuiop', 'iloveyou', 'letmein', 'trustno1'];
    for (const password of tried) assert.ok(isCommon(password), password);
    for (const password of ['tr1cky-enough-pw', 'correct horse battery staple', 'häuserblock42']) {
      assert.ok(!isCommon(password), password);
    }
    assert.ok(common.size > 20_000);
  });

  test('digits alone are too little, in any script; nothing else is asked of a password', () => {
    const isNumeric = (password: string) =>
      passwordFlaws(password, null, { rules: ['numeric'], minLength: 1 }, () => false).length > 0;
    for (const password of ['1029384756', '٠١٢٣٤٥٦٧٨٩', '१२३४५६७८', '²²²²²²²²'])
      assert.ok(isNumeric(password), password);
    for (const password of ['1029384756a', '', '१२३ ४५६', 'aaaaaaaa']) assert.ok(!isNumeric(password), password);
  });

  test('V6.2.5: rules that are not set are not asked', () => {
    assert.deepEqual(
      passwordFlaws('1', JOHN, { rules: [], minLength: 8 }, () => true),
      [],
    );
  });

  test('all that is wrong is told, in Django’s order', () => {
    const owner = { ...JOHN, username: '1234567' };
    const flaws = passwordFlaws('1234567', owner, ALL, () => true).map(({ rule }) => rule);
    assert.deepEqual(flaws, ['similarity', 'length', 'common', 'numeric']);
  });
});

const FOUR = [
  'The password is too similar to the username.',
  'This password is too short. It must contain at least 8 characters.',
  'This password is too common.',
  'This password is entirely numeric.',
];

describe('in words', () => {
  const register = (json: object) => ({ json: { username: '1234567', ...json } });

  test('at registration, what is wrong with a password by itself comes first, likeness only when all else is right', async () => {
    await withTest({}, async ({ auth }) => {
      const bad = await ask(auth, '/auth/registration/', register({ password1: '1234567', password2: '1234567' }));
      assert.equal(bad.status, 400);
      assert.deepEqual(await bad.json(), { password1: FOUR.slice(1) });
      const unlike = await ask(auth, '/auth/registration/', register({ password1: PASSWORD, password2: 'x' }));
      assert.deepEqual(await unlike.json(), { non_field_errors: ["The two password fields didn't match."] });
      const json = { username: 'johndoe', password1: 'johndoe!1', password2: 'johndoe!1' };
      const alike = await ask(auth, '/auth/registration/', { json });
      assert.deepEqual(await alike.json(), { non_field_errors: [FOUR[0]] });
    });
  });

  test('at a change and at a reset, all four at once, under new_password2', async () => {
    await withTest({}, async ({ auth, mailbox }) => {
      await auth.accounts.create({ username: '1234567', email: 'ann@mail.test', password: PASSWORD });
      const { key } = await keyOf(await signIn(auth, '1234567', PASSWORD));
      const weak = { new_password1: '1234567', new_password2: '1234567' };
      const headers = { authorization: `Token ${key}` };
      const changed = await ask(auth, '/auth/password/change/', { json: weak, headers });
      assert.deepEqual(await changed.json(), { new_password2: FOUR });
      await ask(auth, '/auth/password/reset/', { json: { email: 'ann@mail.test' } });
      await auth.settle();
      const [uid, token] = linkIn(mailbox.mails[0]).split('/').slice(-3, -1);
      const reset = await ask(auth, '/auth/password/reset/confirm/', { json: { ...weak, uid, token } });
      assert.deepEqual(await reset.json(), { new_password2: FOUR });
    });
  });

  test('with another least length, which may be one', async () => {
    for (const [minLength, text] of [
      [1, 'This password is too short. It must contain at least 1 character.'],
      [15, 'This password is too short. It must contain at least 15 characters.'],
    ] as const) {
      await withTest({ passwords: { minLength, rules: ['length'] } }, async ({ auth }) => {
        await assert.rejects(auth.accounts.create({ username: 'ann', password: '' }), { fields: { password: [text] } });
      });
    }
  });

  test('an operator is told all four at once, too', async () => {
    await withTest({}, async ({ auth }) => {
      const account = auth.accounts.create({ username: '1234567', password: '1234567' });
      await assert.rejects(account, { code: 'invalid_input', fields: { password: FOUR } });
    });
  });

  test('V6.2.9: 64 letters are a password, and so are 128', async () => {
    await withTest({}, async ({ auth }) => {
      for (const length of [64, 128]) {
        const password = 'correct horse '
          .repeat(20)
          .slice(0, length - 1)
          .concat('!');
        const json = { username: `user${length}`, password1: password, password2: password };
        assert.equal((await ask(auth, '/auth/registration/', { json })).status, 201);
        assert.equal((await signIn(auth, `user${length}`, password)).status, 200);
        assert.equal((await signIn(auth, `user${length}`, password.slice(0, -1))).status, 400);
      }
    });
  });

  test('J9: one that is too long is named, not cut, wherever it is set', async () => {
    await withTest({}, async ({ auth }) => {
      const long = 'correct horse '.repeat(100);
      const registered = await ask(auth, '/auth/registration/', {
        json: { username: 'ann', password1: long, password2: long },
      });
      assert.deepEqual(await registered.json(), { password1: ['Ensure this field has no more than 1024 characters.'] });
      await auth.accounts.create({ username: 'ann', password: PASSWORD });
      const { key } = await keyOf(await signIn(auth, 'ann', PASSWORD));
      const json = { new_password1: 'x'.repeat(129), new_password2: 'x'.repeat(129) };
      const changed = await ask(auth, '/auth/password/change/', { json, headers: { authorization: `Token ${key}` } });
      const texts = ['Ensure this field has no more than 128 characters.'];
      assert.deepEqual(await changed.json(), { new_password1: texts, new_password2: texts });
    });
  });
});
