import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { testLatchkey } from 'latchkey/testing';
import { PASSWORD } from '../library/device.ts';
import { freePort, mailServer } from '../mail/smtp.ts';
import { enrol } from '../second-step/enrolled.ts';
import { ask, QUICK, startServer } from '../serving.ts';
import { CLIENT, standIn } from '../social/stand-in.ts';
import { withPlace } from './command.ts';

/** Listens on a free port and says nothing. */
async function listening(): Promise<{ readonly port: number; readonly server: Server }> {
  const server = createServer((socket) => socket.on('error', () => undefined));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return { port: typeof address === 'object' ? (address?.port ?? 0) : 0, server };
}

describe('latchkey doctor', { concurrency: 2 }, () => {
  test('finds nothing wrong with a new database', async () => {
    await withPlace(async ({ latchkey }) => {
      const { status, stdout } = await latchkey(['doctor']);
      assert.equal(status, 0);
      assert.deepEqual(stdout.trimEnd().split('\n'), [
        '✓ The settings are right.',
        '✓ The database opens, and is up to date.',
        '✓ No node has served yet.',
        '✓ The outbox has given up no mail (0 wait).',
        '✓ Mails are kept, and sent to nobody (LATCHKEY_SMTP_URL).',
      ]);
    });
  });

  test('F-11, D15: names all settings that are wrong at once, each with its remedy', async () => {
    await withPlace(async ({ latchkey }) => {
      const env = { NODE_ENV: 'production', LATCHKEY_SESSION_LIMIT: '0', LATCHKEY_SESION_LIMIT: '1', PORT: 'x' };
      const { status, stdout } = await latchkey(['doctor'], { env });
      assert.equal(status, 1);
      assert.deepEqual(stdout.trimEnd().split('\n').toSorted(), [
        '✗ LATCHKEY_ORIGIN is not set: set it to the https:// address that people use.',
        '✗ LATCHKEY_PASSWORD_HASH is dangerously-cheap: remove it.',
        '✗ LATCHKEY_SECRET is not set, which production needs: make one with `openssl rand -base64 48`.',
        '✗ LATCHKEY_SESION_LIMIT is no setting: see docs/settings.md for all of them.',
        '✗ LATCHKEY_SESSION_LIMIT must be a whole number from 1, or unlimited.',
        '✗ LATCHKEY_SMTP_URL is not set: nobody could reset a password. Set it, or set it to none to do without mail.',
        '✗ PORT is “x”: it must be a number from 0 to 65535.',
      ]);
    });
  });

  test('looks at each provider, says what to register there, and shows no secret', async () => {
    await using good = await standIn();
    await using bad = await standIn();
    bad.says.set('/.well-known/openid-configuration', () => ({
      json: { ...bad.metadata, issuer: 'https://evil.example' },
    }));
    const endpoints = { authorization: `${good.url}/a`, token: `${good.url}/t`, api: good.url };
    const providers = {
      good: { issuer: good.url, ...CLIENT },
      bad: { issuer: bad.url, ...CLIENT },
      gone: { issuer: `http://127.0.0.1:${await freePort()}`, ...CLIENT },
      github: { endpoints, ...CLIENT },
      apple: { issuer: good.url, clientId: 'c', teamId: 't', keyId: 'k', privateKey: 'no-key-at-all' },
    };
    await withPlace(async ({ latchkey }) => {
      const env = { LATCHKEY_SOCIAL_PROVIDERS: JSON.stringify(providers), LATCHKEY_ORIGIN: 'https://accounts.example' };
      const { status, stdout, stderr } = await latchkey(['doctor'], { env });
      assert.equal(status, 1);
      const callback = (name: string): string => `https://accounts.example/auth/social/${name}/callback/`;
      const said = stdout.trimEnd().split('\n').slice(5);
      const untested = 'Whether its client and secret are right, only a sign-in by it shows.';
      const told = (name: string): string => `register ${callback(name)} there as its redirect URI. ${untested}`;
      assert.equal(said[0], `✓ The provider good is there: ${told('good')}`);
      assert.equal(good.askedAt('/.well-known/openid-configuration').length, 1);
      assert.match(said[1] ?? '', /^✗ The provider bad cannot be used \(.*issuer.*\): see its issuer, http:/);
      assert.match(said[2] ?? '', /^✗ The provider gone cannot be used \(fetch failed, ECONNREFUSED\): see its issuer/);
      assert.equal(said[3], `✓ The provider github is set up: ${told('github')}`);
      assert.match(
        said[4] ?? '',
        /^✗ The provider apple cannot be used \(.*\): .*privateKey is the whole \.p8 file\.$/,
      );
      for (const secret of [CLIENT.clientSecret, 'no-key-at-all']) {
        assert.equal((stdout + stderr).includes(secret), false, secret);
      }
    });
  });

  test('F-39: says whether the rule here is the one in force', async () => {
    await withPlace(async ({ latchkey, file }) => {
      const server = await startServer(file, { ...QUICK, LATCHKEY_SESSION_LIMIT: '3' });
      await server.stop();
      const same = await latchkey(['doctor'], { env: { LATCHKEY_SESSION_LIMIT: '3' } });
      assert.match(same.stdout, /✓ The session settings are the ones in force\./);
      const other = await latchkey(['doctor'], { env: { LATCHKEY_SESSION_LIMIT: '4' } });
      assert.equal(other.status, 1);
      assert.match(
        other.stdout,
        /✗ The session settings here are not those of the node that started last: give all nodes the same ones\./,
      );
    });
  });

  test('P13: tries the mail server: one that answers, one that is not there, and one that says nothing', async () => {
    await withPlace(async ({ latchkey }) => {
      const smtp = async (url: string) => await latchkey(['doctor'], { env: { LATCHKEY_SMTP_URL: url } });
      const answering = await mailServer();
      assert.match((await smtp(answering.url)).stdout, /✓ The mail server answers\./);
      await answering.close();
      const gone = await smtp(`smtp://127.0.0.1:${await freePort()}`);
      assert.equal(gone.status, 1);
      assert.match(gone.stdout, /✗ The mail server does not take mails: .*ECONNREFUSED.*\. See LATCHKEY_SMTP_URL\./);
      const { port, server } = await listening();
      const mute = await smtp(`smtp://127.0.0.1:${port}?greetingTimeout=50`);
      assert.match(mute.stdout, /✗ The mail server does not take mails: .*Greeting/);
      server.close();
    });
  });

  test('P13: says where an authenticator app is sealed with a secret that is not given any more, and names no secret', async () => {
    await withPlace(async ({ latchkey, file }) => {
      const [OLD, NEW] = ['an old secret of thirty-two letters', 'a new secret of thirty-two letters!'];
      const instance = await testLatchkey({ database: `sqlite:${file}`, secret: OLD });
      await instance.auth.accounts.create({ username: 'ann', email: 'ann@example.com', password: PASSWORD });
      await enrol(instance);
      await instance.close();
      const opens = '✓ The secrets of authenticator apps open.';
      for (const secret of [OLD, `${NEW}, ${OLD}`]) {
        const { stdout } = await latchkey(['doctor'], { env: { LATCHKEY_SECRET: secret } });
        assert.ok(stdout.includes(opens), stdout);
      }
      const { status, stdout } = await latchkey(['doctor'], { env: { LATCHKEY_SECRET: NEW } });
      assert.equal(status, 1);
      assert.match(stdout, /✗ There are authenticator apps whose secrets are sealed .*LATCHKEY_SECRET/);
      assert.ok(!stdout.includes(OLD) && !stdout.includes(NEW));
    });
  });

  test('P13: says how many mails were given up, and why', async () => {
    await withPlace(async ({ latchkey, file }) => {
      await latchkey(['migrate']);
      const database = new DatabaseSync(file);
      database.exec(`INSERT INTO outbox (topic, payload, created_at, due_at, attempts, error)
        VALUES ('mail', x'00', 1, NULL, 1, '550 no such reader'), ('mail', x'00', 1, 1, 0, NULL)`);
      database.close();
      const { status, stdout } = await latchkey(['doctor']);
      assert.equal(status, 1);
      assert.match(stdout, /✗ The outbox has given up 1 mails: 550 no such reader/);
    });
  });
});

describe('latchkey serve', { concurrency: 2 }, () => {
  test('says that a port is taken, and what to do', async () => {
    await withPlace(async ({ latchkey }) => {
      const { port, server } = await listening();
      for (const [command, env] of [
        [['serve', '--port', String(port)], {}],
        [['serve'], { PORT: String(port) }],
      ] as const) {
        const refused = await latchkey(command, { env });
        assert.equal(refused.status, 1);
        const says = `127.0.0.1:${port} is in use already: stop what uses it, or set PORT to another one.`;
        assert.ok(refused.stderr.includes(says), refused.stderr);
      }
      server.close();
    });
  });

  test('refuses what is no port, given by option or by PORT', async () => {
    await withPlace(async ({ latchkey }) => {
      for (const port of ['x', '65536', '']) {
        const { status, stderr } = await latchkey(['serve', `--port=${port}`]);
        const says = `error: option '--port <number>' argument '${port}' is invalid. A port is 0 to 65535.\n`;
        assert.deepEqual([status, stderr], [1, says]);
      }
      const { status, stderr } = await latchkey(['serve'], { env: { PORT: '-1' } });
      const says = `error: option '--port <number>' value '-1' from env 'PORT' is invalid. A port is 0 to 65535.\n`;
      assert.deepEqual([status, stderr], [1, says]);
    });
  });

  test('refuses a level of logging that there is not', async () => {
    await withPlace(async ({ latchkey }) => {
      const { status, stderr } = await latchkey(['serve', '--port', '0'], { env: { LOG_LEVEL: 'loud' } });
      assert.equal(status, 1);
      assert.match(stderr, /LOG_LEVEL is “loud”: it must be one of trace, debug, info, warn, error, fatal, silent\./);
    });
  });

  test('D14: the port that is asked for is the one in links, whatever PORT says', async () => {
    await withPlace(async ({ file, latchkey }) => {
      await latchkey(['account', 'create', 'ann', '--email', 'ann@mail.test']);
      // Asks for port 0, which is a free one.
      const server = await startServer(file, { ...QUICK, PORT: '1' });
      const { status } = await ask(`${server.url}/auth/password/reset/`, { body: { email: 'ann@mail.test' } });
      assert.equal(status, 200);
      const mails = await (await fetch(`${server.url}/dev/mail`)).text();
      assert.match(mails, /http:\/\/127\.0\.0\.1:0\/password\/reset\/confirm\//);
      await server.stop();
    });
  });
});
