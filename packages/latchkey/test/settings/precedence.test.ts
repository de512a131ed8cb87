import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { describe, test } from 'node:test';
import { groups, top } from '../../src/config.ts';
import { resolveSettings } from '../../src/resolve-settings.ts';
import { openTest } from '../../src/testing/instance.ts';
import { temporaryFolder } from '../serving.ts';

const DAY_MS = 86_400_000;

describe('where a setting comes from', () => {
  test('code goes before the environment, and the environment before the fallback', () => {
    const limitOf = (given: object, environment: object) =>
      resolveSettings(given, { ...environment }).settings.sessions.limit;
    assert.equal(limitOf({}, {}), 1);
    assert.equal(limitOf({}, { LATCHKEY_SESSION_LIMIT: '3' }), 3);
    assert.equal(limitOf({ sessions: { limit: 5 } }, { LATCHKEY_SESSION_LIMIT: '3' }), 5);
    assert.equal(limitOf({ sessions: { limit: 'unlimited' } }, { LATCHKEY_SESSION_LIMIT: '3' }), 'unlimited');
    assert.equal(limitOf({ sessions: {} }, { LATCHKEY_SESSION_LIMIT: 'unlimited' }), 'unlimited');
  });

  test('a wrong value in the environment does no harm where the code says another', () => {
    const { settings } = resolveSettings({ sessions: { limit: 2 } }, { LATCHKEY_SESSION_LIMIT: '0' });
    assert.equal(settings.sessions.limit, 2);
  });

  test('no two options share a variable, and each is named after Latchkey', () => {
    const names = [top, ...Object.values(groups)].flatMap((group) => Object.values(group).map(({ env }) => env));
    assert.equal(new Set(names).size, names.length);
    for (const name of names) assert.match(name, /^LATCHKEY_[A-Z_]+$/);
    assert.ok(names.length <= 126, `${names.length} options: is a new one worth a decision?`);
  });

  test('names for tests are passed over', () => {
    assert.equal(resolveSettings({}, { LATCHKEY_TEST_X: '1' }).settings.production, false);
  });
});

describe('what settings come to', () => {
  test('limits by name, as text or as an object, in one order', () => {
    const environment = {
      LATCHKEY_CLASS_LIMITS: ' web=1, mobile = 2 ,tv=unlimited',
      LATCHKEY_CLIENTS: 'web-app, ios-app=1',
      LATCHKEY_ROLE_LIMITS: 'trial=1,premium=3',
    };
    const given = {
      sessions: {
        classLimits: { web: 1, mobile: 2 },
        clients: { 'ios-app': 1, 'web-app': 'unlimited' },
        roleLimits: { premium: 3, trial: 1 },
      },
    } as const;
    const { classLimits, clients, roleLimits } = resolveSettings({}, environment).settings.sessions;
    assert.deepEqual(
      [classLimits, clients, roleLimits],
      [
        [
          ['mobile', 2],
          ['web', 1],
        ],
        [
          ['ios-app', 1],
          ['web-app', 'unlimited'],
        ],
        [
          ['premium', 3],
          ['trial', 1],
        ],
      ],
    );
    assert.deepEqual(resolveSettings(given, {}).settings.sessions, resolveSettings({}, environment).settings.sessions);
    const alone = {
      LATCHKEY_CLIENTS: 'app',
      LATCHKEY_SESSION_LIMIT: 'unlimited',
      LATCHKEY_CLASS_LIMITS: 'tv=unlimited',
    };
    assert.deepEqual(resolveSettings({}, alone).settings.sessions.classLimits, []);
  });

  test('without any: one device, displaced; ten tries; thirty days; a form of its own for each unit', () => {
    const { settings, stores, secrets } = resolveSettings({}, {});
    assert.deepEqual([stores.database, stores.sessions, secrets], ['sqlite:latchkey.db', null, []]);
    assert.equal(settings.checks.trust, 'strict');
    assert.deepEqual(settings.sessions, {
      limit: 1,
      classLimits: [],
      clients: [],
      roleLimits: [],
      whenFull: 'displace',
      approvalMs: 120_000,
      idleMs: 14 * DAY_MS,
      lifetimeMs: 30 * DAY_MS,
      freshMs: 600_000,
      graceMs: 0,
      keepEndedMs: 30 * DAY_MS,
    });
    assert.deepEqual(settings.attempts, {
      perAccount: { limit: 10, windowMs: 300_000 },
      perNetwork: { limit: 60, windowMs: 60_000 },
      consecutive: 100,
      mailsPerAddress: { limit: 5, windowMs: 3_600_000 },
      mailsPerNetwork: { limit: 60, windowMs: 3_600_000 },
      registrationsPerNetwork: { limit: 60, windowMs: 3_600_000 },
    });
    assert.deepEqual(settings.takeovers, { rate: { limit: 10, windowMs: 3_600_000 }, stepUp: false });
    assert.deepEqual(settings.passwords, {
      minLength: 8,
      rules: ['similarity', 'length', 'common', 'numeric'],
      hash: 'argon2id',
      old: [],
      concurrency: Math.max(1, availableParallelism() - 1),
      queue: 64,
    });
    assert.equal(settings.origin, 'http://127.0.0.1:8787');
    assert.equal(settings.mail.from, 'noreply@127.0.0.1');
    assert.equal(
      settings.mail.links.verifyEmail,
      'http://127.0.0.1:8787/auth/registration/account-confirm-email/{key}/',
    );
  });

  const read: readonly (readonly [environment: object, path: readonly string[], value: unknown])[] = [
    [{ PORT: '3000' }, ['origin'], 'http://127.0.0.1:3000'],
    [{ PORT: '3000', LATCHKEY_ORIGIN: 'https://a.example/' }, ['origin'], 'https://a.example'],
    [{ LATCHKEY_SESSION_LIMIT: ' 3 ' }, ['sessions', 'limit'], 3],
    [{ LATCHKEY_IDLE_DAYS: '0.5' }, ['sessions', 'idleMs'], DAY_MS / 2],
    [{ LATCHKEY_ATTEMPTS_PER_ACCOUNT: '3/h' }, ['attempts', 'perAccount'], { limit: 3, windowMs: 3_600_000 }],
    [{ LATCHKEY_ATTEMPTS_PER_ACCOUNT: '100/2 days' }, ['attempts', 'perAccount'], { limit: 100, windowMs: 2 * DAY_MS }],
    [{ LATCHKEY_ATTEMPTS_PER_NETWORK: '7/10s' }, ['attempts', 'perNetwork'], { limit: 7, windowMs: 10_000 }],
    [{ LATCHKEY_RATE_LIMITS: 'off' }, ['attempts'], 'off'],
    [{ LATCHKEY_RATE_LIMITS: 'off' }, ['takeovers', 'rate'], null],
    [{ LATCHKEY_STEP_UP_TO_DISPLACE: 'true' }, ['takeovers', 'stepUp'], true],
    [{ LATCHKEY_TAKEOVERS: '2/day' }, ['takeovers', 'rate'], { limit: 2, windowMs: DAY_MS }],
    [{ LATCHKEY_THROTTLE: 'none' }, ['wire', 'throttle'], null],
    [{ LATCHKEY_THROTTLE: '20/minute' }, ['wire', 'throttle'], { limit: 20, windowMs: 60_000 }],
    [{ LATCHKEY_SIGNED_OUT_STATUS: '403' }, ['wire', 'signedOutStatus'], 403],
    [{ LATCHKEY_LOGOUT_ON_GET: '1' }, ['wire', 'logoutOnGet'], true],
    [{ LATCHKEY_SESSION_LOGIN: 'false' }, ['wire', 'cookie'], false],
    [{ LATCHKEY_KEY: 'cookie-only' }, ['wire', 'key'], false],
    [{ LATCHKEY_TRUSTED_PROXIES: '10.0.0.0/8, ::1 ,' }, ['trustedProxies'], ['10.0.0.0/8', '::1']],
    [
      { LATCHKEY_CORS_ORIGINS: 'https://a.example,http://localhost:3000' },
      ['corsOrigins'],
      ['https://a.example', 'http://localhost:3000'],
    ],
    [{ LATCHKEY_SECOND_STEP_OF: 'everybody' }, ['secondStep', 'demandedOf'], 'everybody'],
    [{ LATCHKEY_SECOND_STEP_OF: 'admin, staff' }, ['secondStep', 'demandedOf'], ['admin', 'staff']],
    [{ LATCHKEY_SECOND_STEP_REMEMBER_DAYS: '0' }, ['secondStep', 'rememberMs'], 0],
    [{}, ['passkeys'], { rpId: '127.0.0.1', origins: ['http://127.0.0.1:8787'], onPages: false }],
    [{ LATCHKEY_ORIGIN: 'http://[::1]:8787' }, ['passkeys', 'onPages'], false],
    [{ LATCHKEY_ORIGIN: 'http://localhost:8787' }, ['passkeys', 'onPages'], true],
    [
      {
        LATCHKEY_ORIGIN: 'https://accounts.school.example',
        LATCHKEY_PASSKEY_RP_ID: 'school.example',
        LATCHKEY_PASSKEY_ORIGINS: 'https://learn.school.example, https://accounts.school.example',
      },
      ['passkeys'],
      {
        rpId: 'school.example',
        origins: ['https://accounts.school.example', 'https://learn.school.example'],
        onPages: true,
      },
    ],
    [{ LATCHKEY_SOCIAL_PROVIDERS: '{}' }, ['social', 'providers'], []],
    [{ LATCHKEY_SOCIAL_LINK_BY_EMAIL: 'false' }, ['social', 'linkByEmail'], false],
    [{ LATCHKEY_PASSWORD_RULES: 'length' }, ['passwords', 'rules'], ['length']],
    [{ LATCHKEY_EMAIL_VERIFICATION: 'mandatory' }, ['accounts', 'emailRequired'], true],
    [{ LATCHKEY_SIGN_IN_BY: 'email' }, ['accounts', 'emailRequired'], true],
    [
      { LATCHKEY_BASE_PATH: '/api/v1' },
      ['mail', 'links', 'verifyEmail'],
      'http://127.0.0.1:8787/api/v1/registration/account-confirm-email/{key}/',
    ],
    [{ LATCHKEY_RESET_LINK: 'app://r/{uid}/{token}' }, ['mail', 'links', 'resetPassword'], 'app://r/{uid}/{token}'],
    [{ LATCHKEY_MAIL_FROM: 'Ann <ann@mail.test>' }, ['mail', 'from'], 'Ann <ann@mail.test>'],
    [{ NODE_ENV: 'test' }, ['production'], false],
  ];
  for (const [environment, path, value] of read) {
    test(`${JSON.stringify(environment)} is ${path.join('.')} ${JSON.stringify(value)}`, () => {
      const { settings } = resolveSettings({}, { ...environment });
      const found = path.reduce((from: unknown, name) => Reflect.get(Object(from), name), settings);
      assert.deepEqual(found, value);
    });
  }

  test('a choice that looks right and is no text is what it looks like', () => {
    // A number where the type asks for text, as plain JavaScript may give it.
    const given = { django: { signedOutStatus: 401 } };
    const { settings } = resolveSettings(given as object, {});
    assert.equal(settings.wire.signedOutStatus, 401);
  });

  test('several secrets, the newest first', () => {
    const [newer, older] = ['n'.repeat(32), 'o'.repeat(32)];
    assert.deepEqual(resolveSettings({}, { LATCHKEY_SECRET: ` ${newer} , ${older},` }).secrets, [newer, older]);
  });
});

describe('what a database was begun with', () => {
  test('its way of comparing usernames stays, and another one is refused with the remedy', async () => {
    const folder = temporaryFolder();
    const database = `sqlite:${folder.path}/test.db` as const;
    const first = await openTest({ database, accounts: { usernameCase: 'exact' } });
    await first.auth.close();
    await assert.rejects(openTest({ database }), {
      name: 'InvalidSettings',
      problems: ['LATCHKEY_USERNAME_CASE is ignore, and this database was begun with exact: set it back.'],
    });
    const again = await openTest({ database, accounts: { usernameCase: 'exact' } });
    await again.auth.close();
    folder.remove();
  });

  test('its secret stays where none was set: what was signed before a restart is good after it', async () => {
    const folder = temporaryFolder();
    const database = `sqlite:${folder.path}/test.db` as const;
    const first = await openTest({ database });
    const signature = first.assembled.parts.keys.sign('device', 'text');
    await first.auth.close();
    const again = await openTest({ database });
    assert.ok(again.assembled.parts.keys.isSignature('device', 'text', signature));
    await again.auth.close();
    folder.remove();
  });
});

test('what UV_THREADPOOL_SIZE says is taken as the runtime takes it: no hash waits for ever for what is no number', () => {
  const settings = new URL('../../src/resolve-settings.ts', import.meta.url).href;
  const look = `console.log((await import('${settings}')).resolveSettings({}, {}).settings.passwords.concurrency)`;
  const concurrencyWith = (UV_THREADPOOL_SIZE: string): string =>
    execFileSync(process.execPath, ['--conditions=source', '--input-type=module', '-e', look], {
      env: { UV_THREADPOOL_SIZE },
      encoding: 'utf8',
    }).trim();
  assert.equal(concurrencyWith('abc'), '1');
  assert.equal(concurrencyWith('0'), '1');
  assert.equal(concurrencyWith('3'), String(Math.max(1, Math.min(availableParallelism(), 3) - 1)));
});
