import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { until } from '../library/device.ts';
import { mailServer } from '../mail/smtp.ts';
import { codeAt } from '../second-step/app.ts';
import { ask, QUICK, type ServingProcess, startServer } from '../serving.ts';
import { type Place, withPlace } from './command.ts';

const PASSWORD = 'tr1cky-enough-pw';
const CREATE = ['account', 'create', 'ann', '--email', 'ann@mail.test', '--verified', '--role', 'admin', 'staff'];

async function withServer(run: (server: ServingProcess, place: Place) => Promise<void>): Promise<void> {
  await withPlace(async (place) => {
    const created = await place.latchkey([...CREATE, '--password-stdin'], { input: `${PASSWORD}\n` });
    assert.deepEqual(created, { status: 0, stdout: 'Account 1 ann is made.\n', stderr: '' });
    const server = await startServer(place.file, QUICK);
    try {
      await run(server, place);
    } finally {
      await server.stop('SIGKILL');
    }
  });
}

const signIn = (server: ServingProcess) =>
  ask(`${server.url}/auth/login/`, { body: { username: 'ann', password: PASSWORD } });

describe('latchkey account', { concurrency: 2 }, () => {
  test('create: the password comes by standard input, and its owner signs in with it, in the given roles', async () => {
    await withServer(async (server) => {
      const { status, body } = await signIn(server);
      assert.equal(status, 200);
      const { body: who } = await ask(`${server.url}/auth/session/`, { key: String(body['key']) });
      assert.deepEqual(who['user'], { pk: 1, roles: ['admin', 'staff'] });
    });
  });

  test('create: a password on the command line is no option; without one, it is said how one is set', async () => {
    await withPlace(async ({ latchkey }) => {
      const refused = await latchkey(['account', 'create', 'ann', '--password', 'secret']);
      assert.deepEqual([refused.status, refused.stdout], [1, '']);
      assert.match(refused.stderr, /^error: unknown option '--password'/);
      const created = await latchkey(['account', 'create', 'ann']);
      assert.match(created.stdout, /It has no password: its owner sets one at \/password\/reset\/\./);
    });
  });

  const WRONG_NAME =
    'username: Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.\n';
  const refusals: readonly (readonly [command: readonly string[], input: string, says: string])[] = [
    [
      ['a b', '--email', 'x', '--password-stdin'],
      '123456\n',
      `${WRONG_NAME}email: Enter a valid email address.\npassword: This password is too short. It must contain at least 8 characters. This password is too common. This password is entirely numeric.\n`,
    ],
    [['johndoe', '--password-stdin'], 'johndoe!1', 'password: The password is too similar to the username.\n'],
    [
      ['ben', '--password-stdin'],
      '\n',
      'password: This password is too short. It must contain at least 8 characters.\n',
    ],
    [['ANN'], '', 'username: A user with that username already exists.\n'],
    [['ben', '--email', 'ANN@mail.test'], '', 'email: User is already registered with this e-mail address.\n'],
  ];
  test('create: all that is wrong is told at once, a line each, and nothing is made', async () => {
    await withPlace(async ({ latchkey }) => {
      await latchkey(CREATE);
      for (const [command, input, says] of refusals) {
        const refused = await latchkey(['account', 'create', ...command], { input });
        assert.deepEqual(refused, { status: 1, stdout: '', stderr: says });
      }
      assert.match((await latchkey(['account', 'list'])).stdout, /^1\tann\t.*\n$/);
    });
  });

  test('list: a line each, or JSON, from a number on and no more than asked for', async () => {
    await withPlace(async ({ latchkey }) => {
      await latchkey([...CREATE, '--password-stdin'], { input: PASSWORD });
      await latchkey(['account', 'create', 'ben', '--email', 'ben@mail.test']);
      await latchkey(['account', 'suspend', 'ben@mail.test']);
      const lines = [
        '1\tann\tann@mail.test\tactive\tadmin,staff\n',
        '2\tben\tben@mail.test (not verified)\tsuspended\t-\n',
      ];
      assert.equal((await latchkey(['account', 'list'])).stdout, lines.join(''));
      assert.equal((await latchkey(['account', 'list', '--limit', '1'])).stdout, lines[0]);
      const { stdout } = await latchkey(['account', 'list', '--json', '--after', '1']);
      const [ben, ...others] = JSON.parse(stdout) as Record<string, unknown>[];
      assert.deepEqual(others, []);
      assert.deepEqual([ben?.['id'], ben?.['username'], ben?.['state']], [2, 'ben', 'suspended']);
      assert.doesNotMatch((await latchkey(['account', 'list', '--json'])).stdout, /hash|password|cheap\$/i);
    });
  });

  for (const [option, value] of [
    ['--after', '-1'],
    ['--limit', ''],
    ['--limit', 'NaN'],
  ] as const) {
    test(`list: ${option} “${value}” is refused`, async () => {
      await withPlace(async ({ latchkey }) => {
        const refused = await latchkey(['account', 'list', `${option}=${value}`]);
        assert.equal(refused.status, 1);
        const says = `error: option '${option} <number>' argument '${value}' is invalid. It is a whole number, 0 or more.\n`;
        assert.equal(refused.stderr, says);
      });
    });
  }

  test('suspend: signs out at once on a server that runs; reactivate: lets in again, and no old session comes back', async () => {
    await withServer(async (server, { latchkey }) => {
      const key = String((await signIn(server)).body['key']);
      const suspended = await latchkey(['account', 'suspend', 'ann@mail.test']);
      assert.equal(suspended.stdout, 'ann is suspended, and signed out everywhere.\n');
      const { status, reason } = await ask(`${server.url}/auth/session/`, { key });
      assert.deepEqual([status, reason], [401, 'account_disabled']);
      assert.equal((await signIn(server)).reason, 'invalid_credentials');
      const back = await latchkey(['account', 'reactivate', '1']);
      assert.deepEqual(back, { status: 0, stdout: 'ann may sign in again.\n', stderr: '' });
      assert.equal((await ask(`${server.url}/auth/session/`, { key })).status, 401);
      assert.equal((await signIn(server)).status, 200);
    });
  });

  test('end-sessions: signs out, and keeps nobody out; reset-second-step: says that there is none', async () => {
    await withServer(async (server, { latchkey }) => {
      const key = String((await signIn(server)).body['key']);
      assert.equal((await latchkey(['account', 'end-sessions', 'ann'])).stdout, 'ann: 1 sessions ended.\n');
      assert.equal((await ask(`${server.url}/auth/session/`, { key })).reason, 'session_revoked');
      assert.equal((await signIn(server)).status, 200);
      assert.equal((await latchkey(['account', 'reset-second-step', 'ann'])).stdout, 'ann has no second step.\n');
    });
  });

  test('P10: reset-second-step: whoever lost their app comes in by the password alone, and the mail says so', async () => {
    await withPlace(async (place) => {
      await place.latchkey([...CREATE, '--password-stdin'], { input: `${PASSWORD}\n` });
      const mails = await mailServer();
      const env = { LATCHKEY_SMTP_URL: mails.url, LATCHKEY_MAIL_FROM: 'auth@school.example' };
      const server = await startServer(place.file, { ...QUICK, ...env });
      try {
        const key = String((await signIn(server)).body['key']);
        const { body: begun } = await ask(`${server.url}/auth/mfa/totp/activate/`, { key });
        const secret = String(begun['secret']);
        const given = { activation_token: begun['activation_token'], code: codeAt(secret, Date.now()) };
        const done = await ask(`${server.url}/auth/mfa/totp/activate/`, { key, body: given });
        assert.equal(done.status, 200);
        assert.equal((await signIn(server)).body['mfa_required'], true);
        const reset = await place.latchkey(['account', 'reset-second-step', 'ann'], { env });
        assert.deepEqual(reset, { status: 0, stdout: 'ann: 2 second steps removed.\n', stderr: '' });
        assert.equal((await ask(`${server.url}/auth/session/`, { key })).reason, 'session_revoked');
        const alone = await signIn(server);
        assert.equal(typeof alone.body['key'], 'string');
        await until(() => mails.taken.some(({ mail }) => /An operator removed the second step/.test(mail.text ?? '')));
        const again = await place.latchkey(['account', 'reset-second-step', 'ann'], { env });
        assert.equal(again.stdout, 'ann has no second step.\n');
      } finally {
        await server.stop('SIGKILL');
        await mails.close();
      }
    });
  });

  test('whoever is not there is named, and how to find those who are; an address that two name is nobody’s', async () => {
    await withPlace(async ({ latchkey }) => {
      for (const name of ['ann', 'ben']) await latchkey(['account', 'create', name, '--email', 'both@mail.test']);
      for (const [command, name] of [
        ['suspend', 'nobody'],
        ['reactivate', '99'],
        ['end-sessions', 'nobody@mail.test'],
        ['reset-second-step', 'both@mail.test'],
      ] as const) {
        const stderr = `There is no account “${name}”: \`latchkey account list\` shows them.\n`;
        assert.deepEqual(await latchkey(['account', command, name]), { status: 1, stdout: '', stderr });
      }
    });
  });
});
