/** What docs/library.md shows of a host's own tests. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linkIn, testLatchkey } from 'latchkey/testing';
import { options } from './app.ts';

test('whoever was away for a week signs in again', async () => {
  const { auth, clock, close } = await testLatchkey(options);
  const { id } = await auth.accounts.create({ username: 'ann' });
  // A session without a password: 40 hexadecimal letters, as a key of Django REST framework.
  const key = 'a'.repeat(40);
  await auth.sessions.importKey(id, key);
  clock.advance(7 * 24 * 3_600_000);
  const who = await auth.authenticate({ authorization: `Token ${key}` });
  assert.equal(who.signedIn || who.code, 'session_expired');
  await close();
});

test('a teacher is invited by mail', async () => {
  const { auth, mailbox, close } = await testLatchkey(options);
  const { invitation } = await auth.accounts.invite({ email: 'eve@school.example' });
  await auth.settle();
  assert.equal(linkIn(mailbox.mails[0]), `https://courses.example/signup/?invitation=${invitation}`);
  await close();
});
