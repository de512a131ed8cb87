/** `mailTemplates`, `sendMail` and `log`: mails in the host's words, by the host's hands, and what it is told when they fail. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Latchkey, type Mail, type Send, type Templates, UndeliverableMail } from 'latchkey';
import { testLatchkey, testMailbox } from 'latchkey/testing';
import { ask, type Body, OWN_ORIGIN, PASSWORD } from './device.ts';

type Options = NonNullable<Parameters<typeof testLatchkey>[0]>;
type Line = { readonly level: string; readonly message: string; readonly details: object };

/** A log that keeps what it is told. */
function keptLog() {
  const lines: Line[] = [];
  const keep = (level: string) => (details: object, message: string) => void lines.push({ level, message, details });
  return { lines, log: { info: keep('info'), warn: keep('warn'), error: keep('error') } };
}

const ANN = { username: 'ann', email: 'ann@example.com', password: PASSWORD };

/** Has a mail of each kind written. */
async function everyMail(auth: Latchkey): Promise<void> {
  const post = async (path: string, body: Body) => await ask(auth, 'POST', path, { body });
  await auth.accounts.create({ ...ANN, emailVerified: true });
  const bob = { username: 'bob', password1: PASSWORD, password2: PASSWORD };
  await post('/auth/registration/', { ...bob, email: 'bob@example.com' });
  await post('/auth/registration/', { ...bob, username: 'eve', email: ANN.email });
  await post('/auth/password/reset/', { email: ANN.email });
  await auth.accounts.invite({ email: 'dan@example.com' });
}

async function mailsWith(options: Options): Promise<readonly Mail[]> {
  const { auth, mailbox, close } = await testLatchkey({ accounts: { emailVerification: 'mandatory' }, ...options });
  await everyMail(auth);
  await auth.settle();
  await close();
  return mailbox.mails;
}

describe('mailTemplates', () => {
  const mailTemplates: Templates = {
    'reset-password': ({ username, link, to }, site) => ({
      subject: `${site}: neues Passwort`,
      text: `Hallo ${username} (${to})\n${link}\n`,
      html: `<a href="${link}">Neues Passwort</a>`,
    }),
  };

  test('says a mail in the host’s words, with its link; the other kinds stay ours', async () => {
    const [ours, theirs] = [await mailsWith({}), await mailsWith({ mailTemplates })];
    assert.equal(ours.length, 4);
    const reset = theirs.find(({ subject }) => subject === '127.0.0.1: neues Passwort');
    assert.equal(reset?.to, ANN.email);
    assert.match(
      reset.text,
      new RegExp(`^Hallo ann \\(ann@example\\.com\\)\n${OWN_ORIGIN}/password/reset/confirm/\\S+\n$`),
    );
    const others = (mails: readonly Mail[]) =>
      mails.map(({ subject }) => subject).filter((subject) => !/passw/i.test(subject));
    assert.deepEqual(others(theirs), others(ours));
    assert.equal(others(ours).length, 3);
  });

  test('one that fails is a mail that waits: it is logged without the link, and sent once it is mended', async () => {
    const { lines, log } = keptLog();
    let isBroken = true;
    const templates: Templates = {
      invitation: ({ link }) => (isBroken ? assert.fail('no words') : { subject: 'Come', text: link, html: link }),
    };
    const { auth, clock, mailbox, close } = await testLatchkey({ mailTemplates: templates, log });
    const { link } = await auth.accounts.invite({ email: 'dan@example.com' });
    await auth.settle();
    assert.deepEqual(mailbox.mails, []);
    assert.equal(lines.find(({ level }) => level === 'warn')?.message, 'a mail could not be sent and waits');
    assert.ok(!JSON.stringify(lines).includes(link));
    isBroken = false;
    clock.advance(10_000);
    await auth.settle();
    assert.deepEqual(
      mailbox.mails.map(({ subject, text }) => ({ subject, text })),
      [{ subject: 'Come', text: link }],
    );
    await close();
  });
});

describe('sendMail', () => {
  test('is handed every mail, complete, and each with a name of its own', async () => {
    const sent: Parameters<Send>[0][] = [];
    await mailsWith({
      sendMail: async (mail) => void sent.push(mail),
      mail: { from: 'Courses <hello@courses.example>' },
    });
    assert.deepEqual(sent.map(({ to }) => to).sort(), [ANN.email, ANN.email, 'bob@example.com', 'dan@example.com']);
    for (const mail of sent) {
      assert.equal(mail.from, 'Courses <hello@courses.example>');
      assert.ok(mail.subject !== '' && mail.text.includes('http://') && mail.html.startsWith('<!doctype html>'));
      assert.match(mail.messageId, /^<outbox-\d+-\d+@127\.0\.0\.1>$/);
    }
    assert.equal(new Set(sent.map(({ messageId }) => messageId)).size, 4);
  });

  test('what it rejects is tried again with the same name, and no answer fails or waits for it', async () => {
    const { lines, log } = keptLog();
    const tries: string[] = [];
    const sendMail: Send = async ({ messageId }) => {
      tries.push(messageId);
      if (tries.length < 3) throw new Error('nobody answers');
    };
    const { auth, clock, close } = await testLatchkey({ sendMail, log });
    await auth.accounts.create(ANN);
    const asked = await ask(auth, 'POST', '/auth/password/reset/', { body: { email: ANN.email } });
    assert.equal(asked.status, 200);
    await auth.settle();
    assert.equal(tries.length, 1);
    await auth.settle();
    assert.equal(tries.length, 1, 'not before its time');
    for (const waitMs of [10_000, 20_000, 40_000]) {
      clock.advance(waitMs);
      await auth.settle();
    }
    assert.equal(tries.length, 3, 'once it is taken, it is not sent again');
    assert.equal(new Set(tries).size, 1);
    assert.equal(lines.filter(({ level }) => level === 'warn').length, 2);
    await close();
  });

  test('what it says will never be taken is given up at once', async () => {
    const { lines, log } = keptLog();
    let tries = 0;
    const sendMail: Send = async () => {
      tries++;
      throw new UndeliverableMail('no such mailbox');
    };
    const { auth, clock, close } = await testLatchkey({ sendMail, log });
    await auth.accounts.invite({ email: 'nobody@example.com' });
    await auth.settle();
    clock.advance(3_600_000);
    await auth.settle();
    assert.equal(tries, 1);
    assert.deepEqual(
      lines.map(({ level, message }) => `${level}: ${message}`),
      ['warn: a mail was given up'],
    );
    await close();
  });

  test('nobody is mailed for an address that nobody has, and the answer is the same', async () => {
    const mailbox = testMailbox();
    const { auth, close } = await testLatchkey({ sendMail: mailbox.send });
    await auth.accounts.create(ANN);
    const body = { email: 'nobody@example.com' };
    const stranger = await ask(auth, 'POST', '/auth/password/reset/', { body });
    const owner = await ask(auth, 'POST', '/auth/password/reset/', { body: { email: ANN.email } });
    assert.deepEqual([stranger.status, stranger.text], [owner.status, owner.text]);
    await auth.settle();
    assert.equal(mailbox.mails.length, 1);
    await close();
  });
});

describe('log', () => {
  test('P9: is told of a failed request without its body, its key, or the secret in its path', async () => {
    const { lines, log } = keptLog();
    const { auth, close } = await testLatchkey({ log });
    await auth.accounts.create(ANN);
    const { body } = await ask(auth, 'POST', '/auth/login/', { body: { username: 'ann', password: PASSWORD } });
    await close();
    const secret = 'a'.repeat(43);
    const headers = { authorization: `Token ${body['key']}` };
    const failing: readonly (readonly [method: string, path: string, body?: Body])[] = [
      ['GET', '/auth/user/'],
      ['POST', '/auth/login/', { username: 'ann', password: PASSWORD }],
      ['POST', `/auth/registration/account-confirm-email/${secret}/`],
      ['POST', '/auth/registration/verify-email/', { key: secret }],
    ];
    for (const [method, path, sent] of failing) {
      const answer = await ask(auth, method, path, { body: sent, headers });
      assert.ok(answer.status >= 500, `${method} ${path}: ${answer.status}`);
    }
    assert.equal(lines.length, failing.length);
    assert.ok(lines.every(({ level, message }) => level === 'error' && message === 'a request failed'));
    const told = JSON.stringify(lines.map(({ details }) => ({ ...details, err: inWords(details) })));
    for (const hidden of [secret, String(body['key']), PASSWORD, '"ann"']) assert.ok(!told.includes(hidden), hidden);
  });
});

function inWords(details: object): string {
  return 'err' in details && details.err instanceof Error ? String(details.err.stack) : assert.fail('no error');
}
