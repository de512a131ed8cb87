/** docs/library.md: every block of code in it stands in a file that is run, and does what the page says. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import type { Latchkey } from 'latchkey';
import { linkIn, testLatchkey } from 'latchkey/testing';
import { ask, type Body, Device, OWN_ORIGIN, PASSWORD, signedIn, until, withAnn } from './device.ts';
import { eventTypes } from './event-types.ts';
import {
  closeWithSessions,
  inviteTeacher,
  options,
  saveLesson,
  sendBy,
  serverFor,
  showFirstPage,
  stopSharing,
  takeovers,
} from './guide/app.ts';

const ROOT = new URL('../../../../', import.meta.url);
const page = readFileSync(new URL('docs/library.md', ROOT), 'utf8');

function linesOf(text: string): readonly string[] {
  return text.split('\n').map((line) => line.trim());
}

/** Runs `work` with what `listener` answers at an address of its own. */
async function answering(listener: RequestListener, work: (url: string) => Promise<void>): Promise<void> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

describe('docs/library.md', () => {
  test('shows nothing that does not stand in a file that is run', () => {
    const blocks = [...page.matchAll(/(?:<!-- (\S+) -->\n)?```(\w*)\n(.*?)```/gs)];
    assert.ok(blocks.length > 10);
    for (const [, file, , block = ''] of blocks) {
      const shown = linesOf(block.trim());
      const source = linesOf(readFileSync(new URL(file ?? assert.fail(`whence is this?\n${block}`), ROOT), 'utf8'));
      const isThere = source.some((_, at) => shown.every((line, offset) => source[at + offset] === line));
      assert.ok(isThere, `${file} has no such lines:\n${block}`);
    }
  });

  test('names every event and every call', async () => {
    const { auth, close } = await testLatchkey();
    await close();
    const names = [
      ...eventTypes,
      ...Object.keys(auth).filter((name) => name !== 'accounts' && name !== 'sessions'),
      ...Object.keys(auth.accounts),
      ...Object.keys(auth.sessions),
    ];
    for (const name of names) assert.match(page, new RegExp(`\`(?:\\w+\\.)*${name}[\`(]`), name);
  });
});

describe('what it shows', () => {
  test(
    'a server of node:http',
    withAnn({}, async ({ auth }) => {
      const server = serverFor(auth).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const body = new URLSearchParams({ username: 'ann', password: PASSWORD });
      const { key } = (await (await fetch(`${url}/auth/login/`, { method: 'POST', body })).json()) as { key: string };
      const lesson = async (headers: Readonly<Record<string, string>>) => await (await fetch(url, { headers })).text();
      assert.equal(await lesson({ authorization: `Token ${key}` }), 'Lesson one, for account 1');
      assert.equal(await lesson({}), 'Please sign in: not_authenticated');
      server.close();
      server.closeAllConnections();
    }),
  );

  test(
    'sockets that close with their session',
    withAnn({}, async ({ auth }) => {
      const [device] = await signedIn(auth, 1);
      const closed: unknown[] = [];
      const socket = { close: (...given: unknown[]) => void closed.push(given) };
      const stop = closeWithSessions(auth, new Map([[(await device?.sessionId()) ?? '', socket]]));
      await signedIn(auth, 1);
      await until(() => closed.length > 0);
      assert.deepEqual(closed, [[4001, 'displaced']]);
      stop();
    }),
  );

  test(
    'what a displaced device may finish',
    withAnn({ sessions: { graceSeconds: 60 } }, async ({ auth, clock }) => {
      const [first] = await signedIn(auth, 2);
      const kept: unknown[] = [];
      const save = async (text: string) => {
        const headers = { authorization: `Token ${first?.key}` };
        const request = new Request(`${OWN_ORIGIN}/lessons/1`, { method: 'PUT', headers, body: text });
        return (await saveLesson(auth, request, (...what) => void kept.push(what))).status;
      };
      assert.equal(await save('what I typed'), 204);
      clock.advance(60_000);
      assert.equal(await save('too late'), 401);
      assert.deepEqual(kept, [[1, 'what I typed']]);
    }),
  );

  test('invitations, fields, the hook, and events', async () => {
    const { auth, close } = await testLatchkey({ ...options, origin: OWN_ORIGIN });
    const invitation = (await inviteTeacher(auth, 'eve@home.example')).split('?invitation=')[1];
    const register = async (more: Body) => {
      const eve = { username: 'eve', email: 'eve@home.example', password1: PASSWORD, password2: PASSWORD };
      return await ask(auth, 'POST', '/auth/registration/', { body: { ...eve, invitation, ...more } });
    };
    assert.deepEqual((await register({ plan: 'gold' })).body, { plan: ['There is no such plan.'] });
    assert.deepEqual((await register({ plan: 'pupil' })).body, { email: ['Please use your address at the school.'] });
    assert.equal((await register({ plan: 'paid' })).status, 201);
    const account = await auth.accounts.findByUsername('eve');
    assert.deepEqual([account?.roles, account?.profile], [['teacher'], { plan: 'paid', newsletter: false }]);

    for (let time = 0; time < 2; time++) await new Device(auth).signIn('eve@home.example');
    assert.deepEqual([...takeovers], [[1, 1]]);
    assert.deepEqual(await stopSharing(auth, 'eve'), Array(2).fill('an unknown device, 2026-01-01T12:00:00.000Z'));
    assert.deepEqual([await auth.sessions.list(1), await stopSharing(auth, 'nobody')], [[], []]);
    await close();
  });

  test('where a device is, for its owner', async () => {
    const { auth, close } = await testLatchkey({ ...options, origin: OWN_ORIGIN });
    await auth.accounts.create({ username: 'ann', password: PASSWORD });
    for (const address of ['192.0.2.7', '2001:db8::7']) {
      const body = JSON.stringify({ username: 'ann', password: PASSWORD });
      const headers = { 'content-type': 'application/json' };
      await auth.handler(new Request(`${OWN_ORIGIN}/auth/login/`, { method: 'POST', headers, body }), { address });
    }
    const places = (await auth.sessions.list(1)).map(({ place }) => place);
    assert.deepEqual(places, [null, 'At the school']);
    await close();
  });

  test('a page that looks different to different people', async () => {
    const { auth, close } = await testLatchkey({ ...options, origin: OWN_ORIGIN });
    await auth.accounts.create({ username: 'tom', password: PASSWORD, roles: ['teacher'] });
    await auth.accounts.create({ username: 'pia', password: PASSWORD });
    const seenBy = async (cookie: string): Promise<string> => {
      const answer = await showFirstPage(auth, new Request(`${OWN_ORIGIN}/first/`, { headers: { cookie } }));
      return await answer.text();
    };
    assert.match(await seenBy(''), /Learn at home\./);
    for (const [username, words] of [
      ['pia', /Lesson one waits for you, pia\./],
      ['tom', /Your classes, tom\./],
    ] as const) {
      const { body } = await ask(auth, 'POST', '/auth/login/', { body: { username, password: PASSWORD } });
      assert.match(await seenBy(`latchkey=${String(body['key'])}`), words);
    }
    const closed = await auth.handler(new Request(`${OWN_ORIGIN}/signup/`));
    assert.match(await closed.text(), /127\.0\.0\.1 is for our pupils\./);
    await close();
  });

  test('mails by a service, in the host’s words', async () => {
    const taken: Body[] = [];
    const statuses = [503, 200, 422];
    const service: RequestListener = async (req, res) => {
      const mail = (await json(req)) as Body;
      const status = statuses.shift() ?? 500;
      if (status === 200) taken.push(mail);
      res.writeHead(status).end('no such mailbox');
    };
    const warnings: string[] = [];
    const log = { info() {}, warn: (_: object, text: string) => void warnings.push(text), error() {} };
    await answering(service, async (url) => {
      const { auth, clock, close } = await testLatchkey({ ...options, origin: OWN_ORIGIN, sendMail: sendBy(url), log });
      await auth.accounts.create({ username: 'ann', email: 'ann@example.com' });
      await askForReset(auth);
      clock.advance(10_000);
      await auth.settle();
      await askForReset(auth);
      await close();
    });
    assert.equal(taken.length, 1);
    const { to, subject, text } = taken[0] ?? {};
    assert.deepEqual([to, subject], ['ann@example.com', 'A new password for 127.0.0.1']);
    const mail = { to: '', subject: '', text: String(text), html: '' };
    assert.match(linkIn(mail), /\/password\/reset\/confirm\//);
    assert.deepEqual(warnings, ['a mail could not be sent and waits', 'a mail was given up']);
  });
});

async function askForReset(auth: Latchkey): Promise<void> {
  await ask(auth, 'POST', '/auth/password/reset/', { body: { email: 'ann@example.com' } });
  await auth.settle();
}
