import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { type LatchkeyOptions, type Opened, open } from '../../src/latchkey.ts';
import { linkIn } from '../../src/testing/mailbox.ts';
import { ask, PASSWORD } from '../attempts/asking.ts';
import { temporaryFolder } from '../serving.ts';
import { openSending } from './sending.ts';
import { mailServer } from './smtp.ts';

const ANN = { username: 'ann', email: 'ann@mail.test', emailVerified: true, password: PASSWORD };

async function askForReset({ auth }: Opened): Promise<void> {
  assert.equal((await ask(auth, '/auth/password/reset/', { json: { email: ANN.email } })).status, 200);
}

async function devMail({ auth }: Opened): Promise<{ readonly status: number; readonly page: string }> {
  const answer = await ask(auth, '/dev/mail', { method: 'GET' });
  return { status: answer.status, page: await answer.text() };
}

describe('mails that wait', () => {
  test('E10, N12: stand in the database sealed: no link, no secret and no word of them', async () => {
    const folder = temporaryFolder();
    const database = `${folder.path}/test.db`;
    const sending = await openSending({ database: `sqlite:${database}`, mail: { smtpUrl: 'none' } });
    const { parts } = sending.assembled;
    await sending.auth.accounts.create(ANN);
    await askForReset(sending);
    const { invitation } = await sending.auth.accounts.invite({ email: 'ben@mail.test' });
    const waiting = await parts.store.outbox.page(10);
    const messages = waiting.map(({ payload }) => parts.keys.open('outbox', payload));
    const secrets = messages.flatMap((message) => message.match(/[0-9A-Za-z]{43}/g) ?? []);
    assert.equal(secrets.length, 2);
    assert.ok(secrets.includes(invitation));
    const bytes = Buffer.concat([database, `${database}-wal`].map((path) => readFileSync(path)));
    for (const text of [...secrets, '/password/reset/confirm/', '"kind"']) {
      assert.equal(bytes.includes(text), false, text);
    }
    // What the bytes are searched for is found where it is there.
    assert.equal(bytes.includes('ann@mail.test'), true);
    await sending.auth.close();
    folder.remove();
  });

  test('are shown at /dev/mail in development, where nobody takes them, with links that work', async () => {
    const sending = await openSending({ mail: { smtpUrl: 'none' } });
    await sending.auth.accounts.create(ANN);
    assert.match((await devMail(sending)).page, /No mails yet/);
    await askForReset(sending);
    const { status, page } = await devMail(sending);
    assert.equal(status, 200);
    const [, link = ''] = /href="([^"]*confirm[^"]*)"/.exec(page) ?? [];
    const [uid, token] = link.split('/').slice(-3, -1);
    const json = { uid, token, new_password1: 'an0ther-one-yet', new_password2: 'an0ther-one-yet' };
    assert.equal((await ask(sending.auth, '/auth/password/reset/confirm/', { json })).status, 200);
    await sending.auth.close();
  });

  test('N6: a mail with a hostile name in it is shown as text', async () => {
    const sending = await openSending({ mail: { smtpUrl: 'none' } });
    const { parts } = sending.assembled;
    const link = 'http://127.0.0.1:8787/x';
    const username = '<script>alert(1)</script>';
    await parts.store.outbox.put([parts.mail({ kind: 'verify-email', to: '<b>@mail.test', username, link })]);
    const { page } = await devMail(sending);
    assert.doesNotMatch(page, /<script|<b>/);
    assert.match(page, /&lt;script&gt;/);
    await sending.auth.close();
  });

  test('nothing is shown of a mail to nobody, and one that does not open hides no other', async () => {
    const sending = await openSending({ mail: { smtpUrl: 'none' } });
    const { parts } = sending.assembled;
    await sending.auth.accounts.create(ANN);
    await ask(sending.auth, '/auth/password/reset/', { json: { email: 'nobody@mail.test' } });
    assert.match((await devMail(sending)).page, /No mails yet/);
    await parts.store.outbox.put([{ topic: 'mail', payload: new Uint8Array(64) }]);
    await askForReset(sending);
    const { status, page } = await devMail(sending);
    assert.equal(status, 200);
    assert.match(page, /Choose a new password for/);
    await sending.auth.close();
  });

  const hidden: readonly (readonly [what: string, options: LatchkeyOptions, NODE_ENV: string])[] = [
    ['in production', { mail: { smtpUrl: 'none' } }, 'production'],
    ['where a mail server takes them', { mail: { smtpUrl: 'smtp://127.0.0.1:1' } }, 'development'],
  ];
  for (const [what, options, NODE_ENV] of hidden) {
    test(`N12: are shown to nobody ${what}`, async () => {
      const opened = await open(
        {
          database: 'sqlite::memory:',
          origin: 'https://accounts.example',
          secret: 'a secret of thirty-two letters or more',
          ...options,
        },
        { environment: { NODE_ENV }, role: 'node' },
      );
      for (const path of ['/dev/mail', '/dev/mail/']) {
        assert.equal((await ask(opened.auth, path, { method: 'GET' })).status, 404);
      }
      await opened.auth.close();
    });
  }
});

describe('a mail that was taken', () => {
  test('is gone from the database, and so is its secret', async () => {
    const server = await mailServer();
    const sending = await openSending({ mail: { smtpUrl: server.url } });
    await sending.auth.accounts.create(ANN);
    await askForReset(sending);
    await sending.drain();
    assert.deepEqual(await sending.assembled.parts.store.outbox.page(10), []);
    const [taken] = server.taken;
    assert.match(linkIn({ to: '', subject: '', html: '', text: taken?.mail.text ?? '' }), /confirm/);
    await sending.auth.close();
    await server.close();
  });
});
