/**
 * Text made to keep patterns busy. What a pattern costs hangs on how much it is given: every pattern that looks at more than a
 * few hundred letters is named here, and is one that looks at each letter once.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { clientAddressBehind } from '../../src/http/client.ts';
import { deviceOf as deviceBy } from '../../src/http/device-name.ts';
import { isEmail } from '../../src/model/account.ts';
import { testServer } from './serving.ts';

const server = await testServer();
after(() => server[Symbol.asyncDispose]());
const key = await server.register('alice');

const MANY = 300;

/** The longest text that each pattern was given while `work` ran, Node's own patterns aside. */
async function patternsDuring(work: () => Promise<unknown>): Promise<ReadonlyMap<string, number>> {
  const longest = new Map<string, number>();
  const { exec } = RegExp.prototype;
  RegExp.prototype.exec = function (text) {
    if (text.length > (longest.get(this.source) ?? 0) && !isCalledByNode()) longest.set(this.source, text.length);
    return exec.call(this, text);
  };
  try {
    await work();
  } finally {
    RegExp.prototype.exec = exec;
  }
  return longest;
}

/** Frames: this, the pattern, what of the language calls it, and then whoever does. */
function isCalledByNode(): boolean {
  const frames = (new Error().stack ?? '').split('\n').slice(3);
  return frames.find((frame) => !frame.includes('<anonymous>'))?.includes('(node:') === true;
}

/** Single letters and closed classes: no two ways to read anything. */
const LINEAR: ReadonlySet<string> = new Set([
  '"[^"\\\\]*(?:\\\\.[^"\\\\]*)*"|[[{]|[\\]}]',
  '\\p{Surrogate}',
  '%([0-9a-f]{2})',
  '[ \\t]+',
  '^[\\x20-\\x7e]*$',
  '[\\0\\r\\n]',
  '^lk_[0-9A-Za-z]{1,11}_[0-9A-Za-z]{49}$',
  '^[0-9a-f]{40}$',
  '^[0-9a-z]+$',
]);

function assertBounded(longest: ReadonlyMap<string, number>, what: string): void {
  for (const [source, length] of longest) {
    if (length > MANY) assert.ok(LINEAR.has(source), `${what}: /${source}/ was given ${length} letters`);
  }
}

const LONG = 15_000;

const deviceOf = (agent: string) => deviceBy(new Headers({ 'user-agent': agent }));

const ADDRESSES: readonly string[] = [
  `${'a'.repeat(LONG)}@`,
  `a@${'a.'.repeat(LONG)}`,
  `a@${'a-'.repeat(LONG)}`,
  `a@${'-'.repeat(LONG)}.com`,
  `${'a.'.repeat(LONG)}@example.com`,
  `${'.'.repeat(LONG)}@${'.'.repeat(LONG)}`,
  '@'.repeat(LONG),
  `a@${'xn--'.repeat(LONG / 4)}`,
  `${'!#$%&'.repeat(3_000)}@x`,
  `a@${'\u{fdfa}'.repeat(LONG / 3)}.com`,
  `${' '.repeat(LONG)}a@b`,
  `a@example.com${' '.repeat(LONG)}x`,
];

test('J19: an e-mail address is measured before any pattern looks at it', async () => {
  for (const address of ADDRESSES) {
    assert.equal(isEmail(address), false);
    for (const path of [
      '/auth/login/',
      '/auth/password/reset/',
      '/auth/registration/',
      '/auth/registration/resend-email/',
    ]) {
      const longest = await patternsDuring(async () => {
        const answer = await server.post(path, { email: address, username: address });
        assert.equal(answer.status, 400);
        assert.match(answer.text, /Enter a valid email address\./);
      });
      assert.ok(longest.size > 0);
      assertBounded(longest, `${path} ${address.slice(0, 20)}`);
    }
  }
});

test('J19: the longest address that there may be is one, and a letter more is none', () => {
  const label = 'a'.repeat(63);
  const domain = `${label}.${label}.${'a'.repeat(57)}.com`;
  const longest = `${'a'.repeat(64)}@${domain}`;
  assert.equal(longest.length, 254);
  assert.equal(isEmail(longest), true);
  assert.equal(isEmail(longest.replace('.com', 'a.com')), false);
  assert.equal(isEmail(`a@${'a'.repeat(64)}.com`), false);
  assert.equal(isEmail(`${'a'.repeat(65)}@example.com`), false);
});

const AGENTS: readonly string[] = [
  `Mozilla/5.0 (${'('.repeat(LONG)}`,
  `Mozilla/5.0 ${'Chrome/1 '.repeat(LONG / 10)}`,
  `${'/'.repeat(LONG)} `,
  `${'a/'.repeat(LONG / 2)} (`,
  `Mozilla/5.0 (Linux; Android 10; ${' '.repeat(LONG - 100)})`,
  `Mozilla/5.0 (Macintosh; Intel Mac OS X ${'10_'.repeat(LONG / 4)}`,
  `${'like mac os x os '.repeat(LONG / 20)}`,
  `Opera${' '.repeat(LONG)}Version/`,
  'a'.repeat(LONG),
];

test('J19, N4: a user agent is cut before any pattern looks at it: what comes after 256 letters changes nothing', async () => {
  for (const agent of AGENTS) {
    let whole = { name: '', class: '' };
    const longest = await patternsDuring(async () => {
      whole = await deviceOf(agent);
    });
    assertBounded(longest, agent.slice(0, 20));
    assert.ok(Math.max(...longest.values()) <= 256);
    assert.deepEqual(whole, await deviceOf(agent.slice(0, 256)));
  }
  const chrome =
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36';
  assert.equal((await deviceOf(chrome + ' '.repeat(LONG))).name, 'Chrome on Windows');
  assert.equal((await deviceOf(`${'x'.repeat(256)} ${chrome}`)).name, 'an unknown device');
});

const HOPS: readonly string[] = [
  '127.0.0.1,'.repeat(LONG / 10),
  `${'1'.repeat(LONG)}`,
  `${':'.repeat(LONG)}`,
  `::ffff:${'1.'.repeat(LONG / 2)}`,
  `${'fe80::%'.repeat(LONG / 7)}`,
  ','.repeat(LONG),
];

test('J19: addresses of clients are looked at only where they are addresses, and hops only as far as they are proxies', async () => {
  const behind = clientAddressBehind(['127.0.0.0/8']);
  for (const hops of HOPS) {
    const longest = await patternsDuring(async () => {
      behind.of('127.0.0.1', { get: () => hops });
      behind.of('127.0.0.1', { get: () => `${hops},192.0.2.1` });
      behind.of('192.0.2.1', { get: () => hops });
    });
    assertBounded(longest, hops.slice(0, 20));
    assert.equal(behind.of('127.0.0.1', { get: () => `${hops},192.0.2.1` }).network, '192.0.2.1');
    assert.equal(behind.of('192.0.2.1', { get: () => hops }).network, '192.0.2.1');
    assert.equal((await server.ask('/auth/session/', { key, headers: { 'x-forwarded-for': hops } })).status, 200);
  }
});

test('J19: long headers, queries, tokens and names meet no pattern that goes back', async () => {
  const text = 'a/b.c-d_e=f;g,h '.repeat(LONG / 17);
  const longest = await patternsDuring(async () => {
    for (const name of [
      'authorization',
      'cookie',
      'accept',
      'latchkey-device',
      'user-agent',
      'origin',
      'content-type',
    ]) {
      const value = name === 'authorization' ? `Token ${'a'.repeat(LONG)}` : text;
      const { status } = await server.ask('/auth/login/', { method: 'POST', body: '{}', headers: { [name]: value } });
      assert.ok(status < 500, name);
    }
    const named = { username: 'a'.repeat(60_000), first_name: '@'.repeat(200) };
    assert.equal((await server.ask('/auth/user/', { method: 'PATCH', key, json: named })).status, 400);
    const linked = { uid: 'z'.repeat(20_000), token: 'z'.repeat(20_000), new_password1: 'x', new_password2: 'x' };
    assert.equal((await server.post('/auth/password/reset/confirm/', linked)).status, 400);
  });
  assertBounded(longest, 'headers');
});
