import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { LatchkeyOptions } from '../../src/latchkey.ts';
import type { Notice } from '../../src/mail/message.ts';
import { LANGUAGES, type Language } from '../../src/texts/reader.ts';
import { ask, keyOf, PASSWORD, signIn } from '../attempts/asking.ts';
import { openSending, type Sending } from './sending.ts';
import { type MailServer, mailServer, type Taken } from './smtp.ts';

let server: MailServer;
before(async () => {
  server = await mailServer();
});
after(() => server.close());

/** The one mail that comes of some work. */
async function mailOf(options: LatchkeyOptions, work: (sending: Sending) => Promise<unknown>): Promise<Taken> {
  const sending = await openSending({ ...options, mail: { smtpUrl: server.url, ...options.mail } });
  try {
    const before = server.taken.length;
    await work(sending);
    await sending.auth.settle();
    const [mail, ...others] = server.taken.slice(before);
    assert.deepEqual(others, []);
    return mail ?? assert.fail('there was no mail');
  } finally {
    await sending.auth.close();
  }
}

const ANN = { username: 'ann', email: 'ann@mail.test', emailVerified: true, password: PASSWORD };
const SIGN_UP = { username: 'ann', email: 'ann@mail.test', password1: PASSWORD, password2: PASSWORD };

/** Somebody asks for another address. */
async function changeOf(auth: Sending['auth'], account: typeof ANN, email: string): Promise<void> {
  await auth.accounts.create(account);
  const { key } = await keyOf(await signIn(auth, account.username, PASSWORD));
  await ask(auth, '/auth/user/email/', { json: { email }, headers: { authorization: `Token ${key}` } });
}

type Kind = {
  readonly kind: string;
  /** Where it is not mandatory that addresses are verified. */
  readonly options?: LatchkeyOptions;
  readonly subject: string;
  readonly says: RegExp;
  readonly link: RegExp;
  readonly work: (sending: Sending) => Promise<unknown>;
};

const SECRET = '[0-9A-Za-z]{43}';

const kinds: readonly Kind[] = [
  {
    kind: 'verification',
    subject: 'Confirm your e-mail address for 127.0.0.1',
    says: /The account ann on 127\.0\.0\.1 gave this e-mail address/,
    link: new RegExp(`^http://127\\.0\\.0\\.1:8787/auth/registration/account-confirm-email/${SECRET}/$`),
    work: ({ auth }) => ask(auth, '/auth/registration/', { json: SIGN_UP }),
  },
  {
    kind: 'a claim of an address that nobody has verified',
    subject: 'Confirm your e-mail address for 127.0.0.1',
    says: /gave this e-mail address of the account ann on 127\.0\.0\.1 without being signed in.*password stops working/,
    link: new RegExp(`^http://127\\.0\\.0\\.1:8787/auth/registration/account-confirm-email/${SECRET}/$`),
    async work({ auth }) {
      await auth.accounts.create({ ...ANN, emailVerified: false });
      await ask(auth, '/auth/magic-link/', { json: { email: ANN.email } });
    },
  },
  {
    kind: 'reset',
    subject: 'Choose a new password for 127.0.0.1',
    says: /asked for a new password for the account ann/,
    link: new RegExp(`^http://127\\.0\\.0\\.1:8787/password/reset/confirm/1/${SECRET}/$`),
    async work({ auth }) {
      await auth.accounts.create(ANN);
      await ask(auth, '/auth/password/reset/', { json: { email: ANN.email } });
    },
  },
  {
    kind: 'a changed password',
    subject: 'Your password for 127.0.0.1 was changed',
    says: /The password of the account ann on 127\.0\.0\.1 has just been changed/,
    link: /^http:\/\/127\.0\.0\.1:8787\/password\/reset\/$/,
    async work({ auth }) {
      await auth.accounts.create(ANN);
      const { key } = await keyOf(await signIn(auth, 'ann', PASSWORD));
      const json = { new_password1: 'an0ther-one-yet', new_password2: 'an0ther-one-yet' };
      await ask(auth, '/auth/password/change/', { json, headers: { authorization: `Token ${key}` } });
    },
  },
  {
    kind: 'an address in use',
    subject: 'You already have an account on 127.0.0.1',
    says: /tried to sign up on 127\.0\.0\.1 with this e-mail address.*your account ann\./,
    link: /^http:\/\/127\.0\.0\.1:8787\/password\/reset\/$/,
    async work({ auth }) {
      await auth.accounts.create(ANN);
      await ask(auth, '/auth/registration/', { json: { ...SIGN_UP, username: 'eve' } });
    },
  },
  {
    kind: 'a link and a code to sign in',
    subject: 'Sign in to 127.0.0.1',
    says: /to sign in to 127\.0\.0\.1 as ann: {2}[A-Z2-9]{4}-[A-Z2-9]{4} {2}Or open this link in the same browser/,
    link: new RegExp(`^http://127\\.0\\.0\\.1:8787/login/mail/${SECRET}/$`),
    async work({ auth }) {
      await auth.accounts.create(ANN);
      await ask(auth, '/auth/magic-link/', { json: { email: ANN.email } });
    },
  },
  {
    kind: 'a new address',
    options: {},
    subject: 'Confirm your new e-mail address for 127.0.0.1',
    says: /The account eve on 127\.0\.0\.1 wants to use this e-mail address/,
    link: new RegExp(`^http://127\\.0\\.0\\.1:8787/account/email/confirm/${SECRET}/$`),
    work: ({ auth }) => changeOf(auth, { ...ANN, username: 'eve', email: '' }, 'ann@mail.test'),
  },
  {
    kind: 'an address that somebody else wants',
    options: {},
    subject: 'Somebody wanted to use your e-mail address on 127.0.0.1',
    says: /another account on 127\.0\.0\.1 wanted to use this e-mail address.*your account ann\./,
    link: /^http:\/\/127\.0\.0\.1:8787\/password\/reset\/$/,
    async work({ auth }) {
      await auth.accounts.create(ANN);
      await changeOf(auth, { ...ANN, username: 'eve', email: '' }, 'ann@mail.test');
    },
  },
  {
    kind: 'an invitation',
    subject: 'You are invited to 127.0.0.1',
    says: /You are invited to open an account on 127\.0\.0\.1/,
    link: new RegExp(`^http://127\\.0\\.0\\.1:8787/signup/\\?invitation=${SECRET}$`),
    work: ({ auth }) => auth.accounts.invite({ email: 'ann@mail.test' }),
  },
];

const HEADERS = ['content-type', 'date', 'from', 'message-id', 'mime-version', 'subject', 'to'];

/** Every address that a mail's HTML leads to. */
function hrefsOf(html: string | undefined): readonly string[] {
  return [...(html ?? '').matchAll(/href="([^"]*)"/g)].map(([, href]) => href ?? '');
}

function linkOf({ mail }: Taken): string {
  return /^[a-z][a-z+.-]*:\/\/\S+$/im.exec(mail.text ?? '')?.[0] ?? assert.fail('there is no link');
}

const options: LatchkeyOptions = { accounts: { emailVerification: 'mandatory', signInByMail: true } };

describe('each mail as its reader gets it', () => {
  for (const { kind, options: own, subject, says, link, work } of kinds) {
    test(`N1: ${kind} comes in text and in HTML, with one link, one reader and no header too many`, async () => {
      const taken = await mailOf(own ?? options, work);
      const { mail } = taken;
      assert.equal(mail.subject, subject);
      assert.deepEqual([taken.from, taken.to], ['noreply@127.0.0.1', ['ann@mail.test']]);
      assert.deepEqual([mail.from?.address, mail.to?.map(({ address }) => address)], ['noreply@127.0.0.1', taken.to]);
      assert.deepEqual(mail.headers.map(({ key }) => key).toSorted(), HEADERS);
      assert.match((mail.text ?? '').replaceAll('\n', ' '), says);
      assert.match(linkOf(taken), link);
      assert.deepEqual(hrefsOf(mail.html), [linkOf(taken)]);
      assert.deepEqual([mail.attachments, mail.cc, mail.bcc, mail.replyTo], [[], undefined, undefined, undefined]);
      assert.doesNotMatch(mail.html ?? '', /<(?:img|script|link|iframe)|url\(/i);
    });
  }
});

describe('links lead where the settings say', () => {
  const targets: readonly (readonly [what: string, template: string, link: RegExp])[] = [
    ['a path here', '/verify/{key}', new RegExp(`^http://127\\.0\\.0\\.1:8787/verify/${SECRET}$`)],
    [
      'an app of one’s own',
      'https://app.example/#/v?k={key}&x=1',
      new RegExp(`^https://app\\.example/#/v\\?k=${SECRET}&x=1$`),
    ],
    ['a deep link', 'my-app://verify/{key}', new RegExp(`^my-app://verify/${SECRET}$`)],
  ];
  for (const [what, verifyLink, link] of targets) {
    test(`a verification to ${what}`, async () => {
      const taken = await mailOf({ ...options, mail: { verifyLink } }, ({ auth }) =>
        ask(auth, '/auth/registration/', { json: SIGN_UP }),
      );
      assert.match(linkOf(taken), link);
      assert.deepEqual(hrefsOf(taken.mail.html), [linkOf(taken).replaceAll('&', '&amp;')]);
    });
  }

  test('a reset, with the account’s number as either of Django’s kinds writes it', async () => {
    for (const [uid, written] of [
      ['base36', '1'],
      ['base64url', 'MQ'],
    ] as const) {
      const resetLink = 'my-app://reset?uid={uid}&token={token}';
      const taken = await mailOf({ django: { uid }, mail: { resetLink } }, async ({ auth }) => {
        await auth.accounts.create(ANN);
        await ask(auth, '/auth/password/reset/', { json: { email: ANN.email } });
      });
      assert.match(linkOf(taken), new RegExp(`^my-app://reset\\?uid=${written}&token=${SECRET}$`));
    }
  });

  test('a verification follows the base path, and its page is there', async () => {
    let status = 0;
    const taken = await mailOf({ ...options, basePath: '/api/v1' }, async ({ auth }) => {
      await ask(auth, '/api/v1/registration/', { json: SIGN_UP });
      await auth.settle();
      const { pathname } = new URL(linkOf(server.taken.at(-1) ?? assert.fail()));
      status = (await ask(auth, pathname, { method: 'GET' })).status;
    });
    assert.match(linkOf(taken), /:8787\/api\/v1\/registration\/account-confirm-email\//);
    assert.equal(status, 200);
  });

  test('D14: and never to where a request says that it went', async () => {
    const headers = {
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'https',
      'x-original-host': 'evil.example',
      forwarded: 'host=evil.example;proto=https',
      origin: 'http://127.0.0.1:8787',
    };
    const taken = await mailOf(options, async ({ auth }) => {
      await auth.accounts.create(ANN);
      const request = new Request('http://evil.example/auth/password/reset/', {
        method: 'POST',
        headers: { ...headers, host: 'evil.example', 'content-type': 'application/json' },
        body: JSON.stringify({ email: ANN.email }),
      });
      assert.equal((await auth.handler(request)).status, 200);
    });
    assert.doesNotMatch(taken.raw, /evil/);
    assert.match(linkOf(taken), /^http:\/\/127\.0\.0\.1:8787\//);
  });
});

/** What somebody might call themselves where nothing keeps them from it. */
const hostile: readonly (readonly [what: string, name: string])[] = [
  ['N1: a line break and a header', 'ann\r\nBcc: eve@evil.test\r\n\r\nHello'],
  ['N1: a bare line feed', 'ann\nSubject: You have won'],
  ['N1: a bare carriage return', 'ann\rX-Evil: 1'],
  ['N1: other things that end a line', 'ann\u2028Bcc: eve@evil.test\u2029\u0085\u000b\u000c'],
  ['N1: NUL and escape', 'ann\0\x1b[2J'],
  ['N3: HTML', '<img src=x onerror=alert(1)><style>*{display:none}</style><!--[if mso]>'],
  ['N3: quotes', `"><a href="https://evil.test">x</a>'`],
  ['N5: templates', `{{7*7}} $\{7*7} <%= 7*7 %> {key} %s $& $1`],
  ['N1: a dot on a line of its own', 'ann\r\n.\r\nMAIL FROM:<eve@evil.test>'],
  ['N4: letters that turn the text around', 'ann\u202e\u2066elpmaxe.live\u200b'],
];

type Sent = Exclude<Notice, { readonly kind: 'nothing' }>;

const DEVICE = { device: 'curl', class: 'cli', place: 'Wien, Österreich' } as const;

/** One of each kind that there is: a new one is missed here by the compiler. */
function noticesTo(username: string): readonly Sent[] {
  const [to, link] = ['ann@mail.test', 'http://127.0.0.1:8787/x'];
  const owner = { to, username, link };
  const notices: { readonly [Kind in Sent['kind']]: Sent & { readonly kind: Kind } } = {
    'verify-email': { kind: 'verify-email', ...owner },
    'reset-password': { kind: 'reset-password', ...owner },
    'key-misused': { kind: 'key-misused', ...owner },
    'new-device': { kind: 'new-device', ...owner, ...DEVICE },
    'new-devices': { kind: 'new-devices', ...owner, ...DEVICE },
    'address-in-use': { kind: 'address-in-use', ...owner },
    'change-email': { kind: 'change-email', ...owner },
    'claim-email': { kind: 'claim-email', ...owner },
    'email-changed': { kind: 'email-changed', ...owner },
    'email-in-use': { kind: 'email-in-use', ...owner },
    'email-change-asked': { kind: 'email-change-asked', ...owner },
    'password-changed': { kind: 'password-changed', ...owner },
    'second-step-reset': { kind: 'second-step-reset', ...owner },
    'second-step-on': { kind: 'second-step-on', ...owner },
    'second-step-off': { kind: 'second-step-off', ...owner },
    'second-step-failed': { kind: 'second-step-failed', ...owner },
    'second-step-replaced': { kind: 'second-step-replaced', ...owner },
    'recovery-codes-renewed': { kind: 'recovery-codes-renewed', ...owner },
    'recovery-code-used': { kind: 'recovery-code-used', ...owner },
    'passkey-added': { kind: 'passkey-added', ...owner },
    'passkey-removed': { kind: 'passkey-removed', ...owner },
    'social-connected': { kind: 'social-connected', ...owner, provider: 'Acme' },
    'social-disconnected': { kind: 'social-disconnected', ...owner, provider: 'Acme' },
    'sign-in': { kind: 'sign-in', ...owner, code: 'ABCD-2345' },
    'confirm-sign-in': { kind: 'confirm-sign-in', ...owner, code: 'ABCD-2345' },
    'place-taken': { kind: 'place-taken', ...owner, device: 'curl' },
    invitation: { kind: 'invitation', to, link },
  };
  return Object.values(notices);
}

/** What comes of notices, one after the other, as a mail server takes it. */
async function taken(notices: readonly Sent[], language: Language): Promise<readonly Taken[]> {
  const sending = await openSending({ mail: { smtpUrl: server.url } });
  const { parts } = sending.assembled;
  const all: Taken[] = [];
  for (const notice of notices) {
    const before = server.taken.length;
    await parts.store.outbox.put([parts.mail(notice, language)]);
    await sending.auth.settle();
    all.push(...server.taken.slice(before));
  }
  await sending.auth.close();
  assert.equal(all.length, notices.length);
  return all;
}

const everyMailTo = (username: string): Promise<readonly Taken[]> => taken(noticesTo(username), 'en');

const saidIn = (notice: Sent): readonly string[] =>
  [notice].flatMap((one) => [
    ...('username' in one ? [one.username] : []),
    ...('provider' in one ? [one.provider] : []),
    ...('code' in one ? [one.code] : []),
    ...('device' in one ? [one.device] : []),
    ...('place' in one ? [one.place ?? ''] : []),
  ]);

function assertWhole(notice: Sent, { mail }: Taken, language: Language): void {
  const { kind, link } = notice;
  const [text, html] = [mail.text ?? '', mail.html ?? ''];
  assert.deepEqual(mail.headers.map(({ key }) => key).toSorted(), HEADERS, kind);
  assert.match(html, new RegExp(`<html lang="${language}" dir="${language === 'ar' ? 'rtl' : 'ltr'}"`));
  assert.deepEqual(hrefsOf(html), [link], kind);
  assert.equal(text.split(link).length, 2, `${kind}: one link`);
  assert.doesNotMatch(`${mail.subject}${text}`, /[{}]|undefined/, kind);
  for (const said of saidIn(notice))
    for (const part of [text, html]) assert.ok(part.includes(said), `${kind}: ${said}`);
}

describe('each kind of mail in each language', () => {
  const all = new Set<string>();
  for (const [turn, language] of LANGUAGES.entries()) {
    test(`N1, P10: every kind comes in ${language}, whole, with its one link and with who and what it is about`, async () => {
      const notices = noticesTo('ann');
      const mails = await taken(notices, language);
      for (const [at, notice] of notices.entries()) assertWhole(notice, mails[at] ?? assert.fail(), language);
      for (const { mail } of mails) all.add(mail.text ?? '');
      assert.equal(all.size, (turn + 1) * notices.length, 'no kind reads as another, and no language as another');
    });
  }
});

/** All of a mail but what is of its own: when it was written, and where its parts begin. */
function frameOf({ from, to, mail }: Taken) {
  const headers = mail.headers.filter(({ key }) => !/^(?:date|message-id|content-type)$/.test(key));
  return {
    from,
    to,
    headers,
    hrefs: hrefsOf(mail.html),
    tags: tagsOf(mail.html),
    attachments: mail.attachments.length,
  };
}

describe('a name changes nothing but where it stands', () => {
  let plain: readonly Taken[];
  before(async () => {
    plain = await everyMailTo('ann');
  });
  for (const [what, username] of hostile) {
    test(`${what}, in every kind of mail`, async () => {
      const mails = await everyMailTo(username);
      assert.deepEqual(mails.map(frameOf), plain.map(frameOf));
      if (!username.includes('7*7')) return;
      for (const [at, { mail }] of mails.entries())
        if (noticesTo('ann')[at]?.kind !== 'invitation')
          assert.ok(mail.text?.includes(username), 'a template was filled in');
    });
  }

  test('N1: is refused where it is more than a name, and nobody is mailed', async () => {
    const sending = await openSending({ ...options, mail: { smtpUrl: server.url } });
    const before = server.taken.length;
    for (const [, username] of hostile) {
      const answer = await ask(sending.auth, '/auth/registration/', { json: { ...SIGN_UP, username } });
      assert.equal(answer.status, 400);
    }
    for (const email of ['ann@mail.test\r\nBcc: eve@evil.test', 'ann@mail.test,eve@evil.test', 'Ann <ann@mail.test>']) {
      for (const [path, json] of [
        ['/auth/registration/', { ...SIGN_UP, email }],
        ['/auth/password/reset/', { email }],
        ['/auth/registration/resend-email/', { email }],
      ] as const) {
        assert.equal((await ask(sending.auth, path, { json })).status, 400, email);
      }
    }
    await sending.auth.settle();
    await sending.auth.close();
    assert.equal(server.taken.length, before);
  });

  test('N2: is no link, is cut where it is long, and never stands in a subject', async () => {
    const username = `www.evil.example-${'x'.repeat(120)}`;
    const taken = await mailOf(options, ({ auth }) =>
      ask(auth, '/auth/registration/', { json: { ...SIGN_UP, username } }),
    );
    assert.doesNotMatch(taken.mail.subject ?? '', /evil/);
    assert.ok(hrefsOf(taken.mail.html).every((href) => !href.includes('evil')));
    assert.ok(!taken.mail.text?.includes('x'.repeat(60)));
  });
});

/** The tags of some HTML with all that is in them, in their order. */
function tagsOf(html: string | undefined): readonly string[] {
  return [...(html ?? '').matchAll(/<[^>]*>/g)].map(([tag]) => tag);
}

describe('mails in the host’s words', () => {
  test('N1: even a subject with a line break is one header', async () => {
    const mailTemplates: NonNullable<LatchkeyOptions['mailTemplates']> = {
      'reset-password': ({ username }) => ({
        subject: `Hello ${username}\r\nBcc: eve@evil.test`,
        text: 'text',
        html: '<p>html</p>',
      }),
    };
    const taken = await mailOf({ mailTemplates }, async ({ auth }) => {
      await auth.accounts.create(ANN);
      await ask(auth, '/auth/password/reset/', { json: { email: ANN.email } });
    });
    assert.deepEqual(taken.to, ['ann@mail.test']);
    assert.deepEqual(taken.mail.headers.map(({ key }) => key).toSorted(), HEADERS);
    assert.equal(taken.mail.text?.trim(), 'text');
  });
});
