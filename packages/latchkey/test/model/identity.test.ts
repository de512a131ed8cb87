import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  emailKey,
  firstGate,
  isEmail,
  isUsername,
  isWithinGate,
  usernameKey,
  voidedGate,
} from '../../src/model/account.ts';

describe('names that are one', () => {
  for (const [one, other, isSame] of [
    ['ann', 'ANN', true],
    ['ann', 'ａｎｎ', true],
    ['ann', 'ⓐⓝⓝ', true],
    ['zoe\u0308', 'zo\u00eb', true],
    ['ﬁnn', 'finn', true],
    ['\u212Bngström', 'ångström', true],
    ['\u017Fam', 'sam', true],
    ['\u212Aim', 'kim', true],
    ['ann', 'anne', false],
    ['straße', 'strasse', false],
    ['аnn', 'ann', false],
    ['ann', 'ann.', false],
  ] as const) {
    test(`J11, J12: “${one}” and “${other}” are ${isSame ? 'one name' : 'two names'}`, () => {
      assert.equal(usernameKey(one, 'ignore') === usernameKey(other, 'ignore'), isSame);
    });
  }

  test('where case counts, it is all that more names come of', () => {
    assert.notEqual(usernameKey('Ann', 'exact'), usernameKey('ann', 'exact'));
    assert.equal(usernameKey('Ａnn', 'exact'), usernameKey('Ann', 'exact'));
  });

  test('J11: the key of a key is the key', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (name) => {
        const key = usernameKey(name, 'exact');
        assert.equal(usernameKey(key, 'exact'), key);
      }),
    );
  });
});

describe('addresses that are one', () => {
  for (const [one, other, isSame] of [
    ['ann@mail.test', 'Ann@MAIL.Test', true],
    ['ann@mail.test', 'ａnn@ｍail.test', true],
    ['ann@mail.test', 'ann＠mail.test', true],
    ['ann@müller.test', 'ann@xn--mller-kva.test', true],
    ['ann@MÜLLER.test', 'ann@mu\u0308ller.test', true],
    ['\u212Aim@mail.test', 'kim@mail.test', true],
    ['ann@mail.test', 'a.nn@mail.test', false],
    ['ann@mail.test', 'ann+tag@mail.test', false],
    ['ann@mail.test', 'ann@mail.test.', false],
    ['ann@mail.test', 'ann@mai1.test', false],
  ] as const) {
    test(`J11: ${one} and ${other} are ${isSame ? 'one address' : 'two addresses'}`, () => {
      assert.equal(emailKey(one) === emailKey(other), isSame);
    });
  }

  test('J11: the key of a key is the key, and an address stays one', () => {
    fc.assert(
      fc.property(fc.emailAddress(), (address) => {
        const key = emailKey(address);
        assert.equal(emailKey(key), key);
        assert.equal(isEmail(key), isEmail(address));
      }),
    );
  });
});

describe('what may be a name or an address at all', () => {
  for (const name of ['ann', 'Ann_1', 'a.b+c-d@e', 'Ольга', '李', 'ñ', '٣']) {
    test(`“${name}” is a username`, () => assert.ok(isUsername(name)));
  }
  for (const name of ['', 'a b', 'a\nb', 'a<b', 'a\u200Bb', 'a\u202Eb', 'a/b', '\u0301a', '😀', 'a\0']) {
    test(`J12, N1: ${JSON.stringify(name)} is none`, () => assert.ok(!isUsername(name)));
  }
  for (const address of ['a@b.test', 'a.b+c@sub.mail.test', "o'neil@mail.test", 'a@localhost', 'a@müller.test']) {
    test(`${address} is an address`, () => assert.ok(isEmail(address)));
  }
  for (const address of [
    '',
    'a',
    '@mail.test',
    'a@',
    'a@b',
    'a@b@c.test',
    'a b@mail.test',
    'a@mail.test\r\nBcc: c@d.test',
    '"a"@mail.test',
    'a@[127.0.0.1]',
    'a@mail..test',
    '.a@mail.test',
    'a.@mail.test',
    'a,b@mail.test',
    'a＠b@mail.test',
    'a@mail.test，c@d.test',
    'a(comment)@mail.test',
    'Ann <a@mail.test>',
    `${'x'.repeat(65)}@mail.test`,
    `a@${'x'.repeat(64)}.test`,
    `a@${'x.'.repeat(125)}test`,
  ]) {
    test(`E12, E13, N1: ${JSON.stringify(address.slice(0, 40))} is none`, () => assert.ok(!isEmail(address)));
  }
});

describe('the gate', () => {
  const session = { id: 'ses_1', openedRevision: 1 };

  test('F-7: what was opened before the last thing that voided sessions is outside, except the one that it spared', () => {
    const first = firstGate(1, ['admin']);
    assert.ok(isWithinGate(first, session));
    const changed = voidedGate(first, { reason: 'password_changed', kept: 'ses_1' });
    assert.ok(isWithinGate(changed, session));
    assert.ok(!isWithinGate(changed, { ...session, id: 'ses_2' }));
    assert.ok(isWithinGate(changed, { id: 'ses_3', openedRevision: changed.revision }));
    const again = voidedGate(changed, { reason: 'revoked', kept: null });
    assert.ok(!isWithinGate(again, session));
    assert.deepEqual(again.roles, ['admin']);
    assert.deepEqual([again.revision, again.validFrom, again.reason, again.state], [3, 3, 'revoked', 'active']);
  });
});
