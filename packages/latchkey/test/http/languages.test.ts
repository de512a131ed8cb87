/** In which language the API says what went wrong: English, or its reader's where `django.apiLanguages` is set. */
import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';
import { after, describe, test } from 'node:test';
import { Refusal } from 'latchkey';
import { StoreUnavailable } from '../../src/stores/store.ts';
import { fill, speechIn } from '../../src/texts/catalogue.ts';
import { LANGUAGES, type Language } from '../../src/texts/reader.ts';
import { duration } from '../../src/texts/time.ts';
import { type Answer, cookiePairIn, PASSWORD, type TestServer, testServer } from './serving.ts';

const loaded: string[] = [];
registerHooks({
  load(url, context, next) {
    if (url.includes('/texts/languages/')) loaded.push(url);
    return next(url, context);
  },
});

/** Ann is there, and so is Bob, whose tries are used up. */
async function serverWith(apiLanguages: boolean): Promise<TestServer> {
  const server = await testServer({ rateLimits: 'on', sessions: { limit: 1 }, django: { apiLanguages } });
  for (const username of ['ann', 'bob']) await server.auth.accounts.create({ username, password: PASSWORD });
  for (let time = 0; time < 10; time++) await server.post('/auth/login/', { username: 'bob', password: 'wrong' });
  return server;
}

const off = await serverWith(false);
const on = await serverWith(true);
after(() => Promise.all([off[Symbol.asyncDispose](), on[Symbol.asyncDispose]()]));

const signUp = (username: string, password: string) => ({ username, password1: password, password2: password });

const asked = {
  wrongPassword: ['/auth/login/', { username: 'ann', password: 'wrong' }],
  takenName: ['/auth/registration/', signUp('ann', PASSWORD)],
  weakPassword: ['/auth/registration/', signUp('cleo', '1234567')],
  tooMany: ['/auth/login/', { username: 'bob', password: PASSWORD }],
  nobody: ['/auth/password/change/', {}],
  missing: ['/auth/login/', { username: 'ann' }],
  broken: ['/auth/login/', [1]],
} as const;

type Name = keyof typeof asked;

function askFor(server: TestServer, name: Name, acceptLanguage: string): Promise<Answer> {
  const [path, body] = asked[name];
  return server.post(path, body, { headers: { 'accept-language': acceptLanguage } });
}

const names = Object.keys(asked) as readonly Name[];

const headersOf = ({ headers }: Answer) => {
  const { date: _, ...rest } = Object.fromEntries(headers);
  return rest;
};

describe('without `django.apiLanguages`', () => {
  test('Accept-Language changes no byte, and no catalogue is loaded', async () => {
    for (const name of names) {
      const [plain, french] = [await askFor(off, name, 'en'), await askFor(off, name, 'fr')];
      assert.deepEqual([french.status, french.text], [plain.status, plain.text], name);
      assert.deepEqual(headersOf(french), headersOf(plain), name);
      assert.equal(french.headers.get('vary'), 'Accept, Cookie, Origin');
      assert.equal(french.headers.get('content-language'), null);
    }
    assert.deepEqual(loaded, []);
  });
});

describe('with `django.apiLanguages`', () => {
  test('who reads English gets the same bytes, and two headers', async () => {
    for (const name of names) {
      const [plain, english] = [await askFor(off, name, 'en'), await askFor(on, name, 'en-GB')];
      assert.deepEqual([english.status, english.text], [plain.status, plain.text], name);
      const vary = 'Accept, Cookie, Origin, Accept-Language';
      assert.deepEqual(headersOf(english), { ...headersOf(plain), vary, 'content-language': 'en' }, name);
    }
    assert.deepEqual(loaded, []);
  });

  for (const language of LANGUAGES.filter((one) => one !== 'en')) {
    test(`${language}: a wrong password, a taken name, a weak password, too many tries`, async () => {
      const { words } = await speechIn(language);
      const { flaws, errors } = words;
      const bodies: Partial<Record<Name, object>> = {
        wrongPassword: { non_field_errors: [flaws.credentials_wrong] },
        takenName: { username: [flaws.username_taken] },
        weakPassword: {
          password1: [fill(flaws.password_short, { value: 8 }), flaws.password_common, flaws.password_numeric],
        },
        tooMany: {
          detail: fill(errors.too_many_attempts.text, { duration: duration(language, 300) }),
          code: 'too_many_attempts',
        },
        nobody: { detail: words.signedOut.needed, code: 'not_authenticated' },
        missing: { password: [flaws.required] },
      };
      for (const name of names) await says(name, language, bodies[name] ?? null);
    });
  }

  /** The answer has these words, and all else as it is without the setting; null for the same words, too. */
  async function says(name: Name, language: Language, body: object | null): Promise<void> {
    const [plain, answer] = [await askFor(off, name, language), await askFor(on, name, `${language}, en;q=0.5`)];
    assert.deepEqual(answer.body, body ?? plain.body, name);
    const said = body === null ? 'en' : language;
    const length = String(Buffer.byteLength(answer.text));
    const more = { vary: 'Accept, Cookie, Origin, Accept-Language', 'content-language': said };
    const expected = headersOf(plain);
    const isSized = 'content-length' in expected;
    assert.equal(answer.status, plain.status);
    assert.deepEqual(headersOf(answer), { ...expected, ...more, ...(isSized && { 'content-length': length }) }, name);
  }

  const french = { 'accept-language': 'fr' };

  test('a displaced device hears of it in French, by key and by cookie, with the reason as ever beside it', async () => {
    const first = await on.post('/auth/login/', { username: 'ann', password: PASSWORD });
    const cookie = cookiePairIn(first, 'latchkey');
    const key = String(Reflect.get(Object(first.body), 'key'));
    await on.signIn('ann');
    for (const headers of [{ authorization: `Token ${key}` }, { cookie }]) {
      const answer = await on.ask('/auth/user/', { headers: { ...french, ...headers } });
      assert.match(answer.text, /^\{"detail":"Vous êtes déconnecté","code":"session_displaced","at":"/);
      assert.equal(answer.headers.get('latchkey-reason'), 'session_displaced');
      assert.equal(answer.headers.get('content-language'), 'fr');
      const who = await on.auth.authenticate(new Headers({ ...french, ...headers }));
      const ours = who.signedIn ? assert.fail('is signed in') : who.respond();
      assert.equal(await ours.text(), answer.text, 'a host says the same');
    }
  });

  test('what a client’s author has to hear stays English, and says so', async () => {
    const malformed = await on.ask('/auth/user/', { headers: { ...french, authorization: 'Token a b' } });
    const method = await on.ask('/auth/login/', { headers: french });
    const type = await on.post('/auth/login/', undefined, {
      body: '<x/>',
      headers: { ...french, 'content-type': 'a/b' },
    });
    for (const [answer, detail] of [
      [malformed, 'Invalid token header. Token string should not contain spaces.'],
      [method, 'Method "GET" not allowed.'],
      [type, 'Unsupported media type "a/b" in request.'],
    ] as const) {
      assert.equal(Reflect.get(Object(answer.body), 'detail'), detail);
      assert.equal(answer.headers.get('content-language'), 'en');
    }
  });

  test('trouble is told in French, and a host’s own words as the host gave them', async () => {
    let thrown: Error = new Error('a fault');
    await using server = await testServer({
      django: { apiLanguages: true },
      hooks: {
        beforeRegistration: () => {
          throw thrown;
        },
      },
    });
    const told = async (error: Error) => {
      thrown = error;
      const { status, text } = await server.post('/auth/registration/', signUp('dora', PASSWORD), { headers: french });
      return `${status} ${text}`;
    };
    assert.equal(
      await told(new Error('a fault')),
      '500 {"detail":"C’est notre faute, et elle a été enregistrée. Veuillez réessayer plus tard.","code":"internal_error"}',
    );
    const wait = '"detail":"Veuillez réessayer dans un instant."';
    assert.equal(await told(new StoreUnavailable('ill')), `503 {${wait},"code":"store_unavailable"}`);
    assert.equal(await told(new Refusal('busy')), `503 {${wait},"code":"busy"}`);
    assert.equal(
      await told(new Refusal('registration_closed', { message: 'Closed until May.' })),
      '403 {"detail":"Closed until May.","code":"registration_closed"}',
    );
    const flaws = { username: ['Not in this house.'] };
    assert.equal(await told(new Refusal('invalid_input', { flaws })), `400 ${JSON.stringify(flaws)}`);
  });
});
