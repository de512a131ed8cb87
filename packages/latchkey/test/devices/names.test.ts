/** What devices are called: from client hints and user agents as browsers and apps send them, and as somebody makes them up. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deviceOf } from '../../src/http/device-name.ts';
import { deviceLabelFrom, LONGEST_LABEL } from '../../src/model/device.ts';

const named = async (headers: Readonly<Record<string, string>>): Promise<string> => {
  const { name, class: deviceClass } = await deviceOf(new Headers(headers));
  return `${name}, ${deviceClass}`;
};

const MOZILLA = 'Mozilla/5.0';
const WEBKIT = 'AppleWebKit/537.36 (KHTML, like Gecko)';
const CHROME = `${WEBKIT} Chrome/140.0.0.0`;
const ON_WINDOWS = `${MOZILLA} (Windows NT 10.0; Win64; x64)`;
const CHROME_ON_WINDOWS = `${ON_WINDOWS} ${CHROME} Safari/537.36`;
const CHROME_ON_ANDROID = `${MOZILLA} (Linux; Android 10; K) ${CHROME} Mobile Safari/537.36`;
const ON_IPHONE = `${MOZILLA} (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)`;

/** User agents as they are sent. */
const SENT: readonly (readonly [userAgent: string, named: string])[] = [
  [`${ON_WINDOWS.replace(')', '; rv:140.0)')} Gecko/20100101 Firefox/140.0`, 'Firefox on Windows, web'],
  [`${MOZILLA} (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0`, 'Firefox on Linux, web'],
  [`${MOZILLA} (Macintosh; Intel Mac OS X 10.15; rv:140.0) Gecko/20100101 Firefox/140.0`, 'Firefox on macOS, web'],
  [`${MOZILLA} (Android 14; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0`, 'Firefox on Android, web'],
  [`${ON_IPHONE} FxiOS/127.0 Mobile/15E148 Safari/605.1.15`, 'Firefox on iPhone, web'],
  [`${ON_IPHONE} CriOS/126.0.6478.35 Mobile/15E148 Safari/604.1`, 'Chrome on iPhone, web'],
  [`${ON_IPHONE} Version/17.5 Mobile/15E148 Safari/604.1`, 'Safari on iPhone, web'],
  [
    `${MOZILLA} (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1`,
    'Safari on iPad, web',
  ],
  [
    `${MOZILLA} (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15`,
    'Safari on macOS, web',
  ],
  [CHROME_ON_WINDOWS, 'Chrome on Windows, web'],
  [`${MOZILLA} (X11; CrOS x86_64 14541.0.0) ${CHROME} Safari/537.36`, 'Chrome on Chrome OS, web'],
  [CHROME_ON_ANDROID, 'Chrome on Android, web'],
  [`${CHROME_ON_WINDOWS} Edg/140.0.0.0`, 'Microsoft Edge on Windows, web'],
  [`${CHROME_ON_WINDOWS} OPR/110.0.0.0`, 'Opera on Windows, web'],
  [
    `${MOZILLA} (Linux; Android 13; SAMSUNG SM-S918B) ${WEBKIT} SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36`,
    'Samsung Internet on Android, web',
  ],
  [`${MOZILLA} (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko`, 'Internet Explorer on Windows, web'],
  [`${MOZILLA} (SMART-TV; LINUX; Tizen 6.0) ${WEBKIT} 76.0.3809.146/6.0 TV Safari/537.36`, 'a browser on Tizen, tv'],
  [
    `${MOZILLA} (Web0S; Linux/SmartTV) ${WEBKIT} Chrome/94.0.4606.128 Safari/537.36 WebAppManager`,
    'WebOS Browser on WebOS, tv',
  ],
  [`${ON_WINDOWS} ${WEBKIT} School/1.6 Chrome/120.0 Electron/28.0 Safari/537.36`, 'Electron on Windows, desktop'],
  [`${MOZILLA} (compatible; Googlebot/2.1; +http://www.google.com/bot.html)`, 'Googlebot, unknown'],
  ['curl/8.5.0', 'curl, cli'],
  ['Wget/1.21.4', 'Wget, cli'],
  ['HTTPie/3.2.2', 'HTTPie, cli'],
  ['python-requests/2.32.3', 'a Python program, cli'],
  ['node', 'a Node.js program, cli'],
  ['Go-http-client/2.0', 'a Go program, cli'],
  ['okhttp/4.12.0', 'an Android app, mobile'],
  ['Dalvik/2.1.0 (Linux; U; Android 14; Pixel 8 Build/AP1A)', 'an Android app, mobile'],
  ['School/3.1 CFNetwork/1494.0.7 Darwin/23.4.0', 'an iOS app, mobile'],
  ['Dart/3.4 (dart:io)', 'a mobile app, mobile'],
  ['PostmanRuntime/7.39.0', 'an unknown device, unknown'],
  [MOZILLA, 'an unknown device, unknown'],
  ['', 'an unknown device, unknown'],
];

describe('a device by its user agent', () => {
  for (const [userAgent, name] of SENT) {
    test(`${name}: ${userAgent.slice(0, 90)}`, async () => {
      assert.equal(await named({ 'user-agent': userAgent }), name);
    });
  }
});

const GREASE = '"Not)A;Brand";v="8"';
const hints = (brand: string, platform: string, more = {}) => ({
  'sec-ch-ua': `"Chromium";v="140", ${GREASE}, "${brand}";v="140"`,
  'sec-ch-ua-platform': `"${platform}"`,
  ...more,
});

/** What browsers say beside a user agent that they share with others. */
const HINTED: readonly (readonly [headers: Readonly<Record<string, string>>, userAgent: string, named: string])[] = [
  [hints('Google Chrome', 'Windows'), CHROME_ON_WINDOWS, 'Chrome on Windows, web'],
  [hints('Brave', 'macOS'), CHROME_ON_WINDOWS, 'Brave on macOS, web'],
  [hints('Vivaldi', 'Linux'), CHROME_ON_WINDOWS, 'Vivaldi on Linux, web'],
  [hints('Microsoft Edge', 'Windows'), CHROME_ON_WINDOWS, 'Microsoft Edge on Windows, web'],
  [hints('Opera GX', 'Windows'), CHROME_ON_WINDOWS, 'Opera on Windows, web'],
  [hints('Google Chrome', 'Chromium OS'), CHROME_ON_WINDOWS, 'Chrome on Chrome OS, web'],
  [
    hints('Google Chrome', 'Android', { 'sec-ch-ua-mobile': '?1', 'sec-ch-ua-model': '"Pixel 8 Pro"' }),
    CHROME_ON_ANDROID,
    'Chrome on Android (Pixel), web',
  ],
  [
    hints('Samsung Internet', 'Android', { 'sec-ch-ua-model': '"SM-S918B"' }),
    CHROME_ON_ANDROID,
    'Samsung Internet on Android (Galaxy), web',
  ],
  [
    hints('Google Chrome', 'Android', { 'sec-ch-ua-model': '"<b>mine</b>"' }),
    CHROME_ON_ANDROID,
    'Chrome on Android, web',
  ],
  [hints('Google Chrome', 'Windows'), '', 'Chrome on Windows, web'],
  [{ 'sec-ch-ua': '"Chromium";v="140"' }, '', 'Chromium, web'],
  [hints('Evil Browser', 'EvilOS'), CHROME_ON_WINDOWS, 'Chrome on Windows, web'],
  [hints('Google Chrome', 'Windows'), 'curl/8.5.0', 'curl, cli'],
];

describe('a device by its client hints, which go before the user agent', () => {
  for (const [headers, userAgent, name] of HINTED) {
    test(`${name}: ${Object.values(headers).join(' ').slice(0, 110)}`, async () => {
      const agent = userAgent === '' ? {} : { 'user-agent': userAgent };
      assert.equal(await named({ ...headers, ...agent }), name);
    });
  }
});

const LONG = 8 * 1024;

/** What somebody may send as a user agent, or as any hint. */
const HOSTILE: readonly string[] = [
  'x'.repeat(LONG),
  `${CHROME_ON_WINDOWS} ${'evil '.repeat(LONG / 5)}`,
  '<script>alert(1)</script>',
  `${MOZILLA} (<img src=x onerror=alert(1)>) Gecko/1 Firefox/140.0`,
  `${MOZILLA} ("><script>alert(1)</script>; Android) evil/1`,
  'evil\t\u007f\u001b[2J\u009b31m',
  '\u00e2\u0080\u00ae evil \u00f0\u009f\u0087\u00a6',
  '"constructor";v="1"',
  '"__proto__"',
  '"\\"evil\\\\";v="1", "Google Chrome";v="evil"',
  `"${'\\'.repeat(LONG)}`,
  `"${'evil";v="1", "'.repeat(LONG / 14)}`,
  "'; DROP TABLE device; --",
  '{device} %s $& $1 {{7*7}}',
];

/** All that is ever said, in this order. */
const WORDS =
  /^(?:[A-Z][\w-]+(?: [A-Z][\w-]+){0,2}|curl|an unknown device|an? (?:browser|[A-Za-z.]+ (?:app|program)))(?: on [\w ]{3,20}(?: \([A-Z][A-Za-z]+\))?)?$/;

describe('N3, N4: whatever a client calls itself, a device is called by words of ours', () => {
  for (const hostile of HOSTILE) {
    test(JSON.stringify(hostile.slice(0, 60)), async () => {
      const names = ['user-agent', 'sec-ch-ua', 'sec-ch-ua-platform', 'sec-ch-ua-model'];
      const one = names.map((name) => ({ 'user-agent': CHROME_ON_ANDROID, [name]: hostile }));
      const all = Object.fromEntries(names.map((name) => [name, hostile]));
      for (const headers of [...one, all]) {
        const { name } = await deviceOf({ get: (header) => Reflect.get(headers, header) ?? null });
        assert.match(name, WORDS);
        assert.doesNotMatch(name, /evil|script|native/i);
        assert.ok(name.length <= 60, name);
      }
    });
  }
});

describe('what an owner calls a device', () => {
  const taken: readonly (readonly [given: string, label: string])[] = [
    ['  Anna’s phone ', 'Anna’s phone'],
    ['Cafe\u0301', 'Caf\u00e9'],
    ['هاتف آنا', 'هاتف آنا'],
    ['👩\u200d💻 🏠', '👩\u200d💻 🏠'],
    ['می\u200cخواهم', 'می\u200cخواهم'],
    ['<b>"&\'', '<b>"&\''],
    ['x'.repeat(LONGEST_LABEL), 'x'.repeat(LONGEST_LABEL)],
    ['e\u0301'.repeat(LONGEST_LABEL), 'é'.repeat(LONGEST_LABEL)],
    ['🏠'.repeat(LONGEST_LABEL), '🏠'.repeat(LONGEST_LABEL)],
    ['', ''],
    [' \t ', ''],
  ];
  for (const [given, label] of taken) {
    test(`N4: ${JSON.stringify(given.slice(0, 30))} is kept as ${JSON.stringify(label.slice(0, 30))}`, () => {
      assert.equal(deviceLabelFrom(given), label);
    });
  }

  const refused = [
    'a\nb',
    'a\rb',
    'a\0b',
    'a\x1b[2J',
    'a\u2028b',
    'a\u0085b',
    'a\u202eb',
    'a\u2066b',
    'a\u200bb',
    '\u200d',
  ];
  for (const given of [...refused, '\ud83d', 'a\ufeffb', 'a\u00adb']) {
    test(`N1, N4: ${JSON.stringify(given)} is none`, () => {
      assert.deepEqual(deviceLabelFrom(given), { flaw: 'malformed' });
    });
  }

  test('N4: one that is longer than what is read at a glance is none', () => {
    for (const letter of ['x', '🏠']) {
      assert.deepEqual(deviceLabelFrom(letter.repeat(LONGEST_LABEL + 1)), { flaw: 'too_long' });
    }
    assert.deepEqual(deviceLabelFrom('x'.repeat(1_000_000)), { flaw: 'too_long' });
  });
});
