/** What every example must do, whatever it is built with: over HTTP, as browsers and apps would see it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import type { Latchkey, LatchkeyOptions } from 'latchkey';
import { testLatchkey } from 'latchkey/testing';

export type Running = {
  /** Such as `http://127.0.0.1:40123`. */
  readonly url: string;
  stop(): Promise<void>;
};

type Start = (auth: Latchkey) => Promise<Running>;

export const PASSWORD = 'correct horse 9!';

/** Where test instances say that they are reached. */
export const OWN_ORIGIN = 'http://127.0.0.1:8787';

type Sent = {
  readonly form?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};

/** A browser that keeps its cookies. */
export function browserAt(url: string) {
  const cookies = new Map<string, string>();
  const send = async (method: string, path: string, { form, json, headers }: Sent = {}): Promise<Response> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(cookie !== '' && { cookie }),
        ...(json !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(form !== undefined && { body: new URLSearchParams(form) }),
      ...(json !== undefined && { body: JSON.stringify(json) }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') cookies.delete(name);
      else cookies.set(name, value);
    }
    return response;
  };
  return {
    get: (path: string, sent?: Sent) => send('GET', path, sent),
    post: (path: string, sent?: Sent) => send('POST', path, sent),
  };
}

/** An app that keeps a key: signs in and says how it asks from then on. */
export async function signIn(url: string, username: string): Promise<Readonly<Record<string, string>>> {
  const answer = await browserAt(url).post('/auth/login/', { json: { username, password: PASSWORD } });
  assert.equal(answer.status, 200);
  const { key } = (await answer.json()) as { readonly key: string };
  return { authorization: `Token ${key}` };
}

/** Runs `work` against the app with an instance in memory that has one account, `ann`. */
export async function withCourses(start: Start, options: LatchkeyOptions, work: (url: string) => Promise<void>) {
  const { auth, close } = await testLatchkey(options);
  await auth.accounts.create({ username: 'ann', password: PASSWORD });
  const running = await start(auth);
  try {
    await work(running.url);
  } finally {
    await running.stop();
    await close();
  }
}

export function theCoursesBehave(start: Start, options: LatchkeyOptions): void {
  const served = (work: (url: string) => Promise<void>) => () => withCourses(start, options, work);

  test('somebody registers with JSON and is signed in', served(registersWithJson));
  test('somebody registers with a form that leaves the address empty', served(registersWithForm));
  test('who is not signed in is told so, and what is nobody’s is not found', served(tellsStrangers));
  test('P6: the displaced device is told why, in words and for programs', served(tellsDisplaced));
  test('P3: the displaced device’s stream ends at once, and says why', served(cutsStream));
  test('a stream that its viewer leaves harms nobody', served(survivesLeaving));
  test('the cookie signs in on the app’s own routes', served(takesCookies));
  test('another site cannot use the cookie on a route that changes something', served(refusesForeignOrigins));
  test('attempts are counted by the client’s address', async () => {
    const counted: LatchkeyOptions = { ...options, rateLimits: 'on', attempts: { perNetwork: '1/hour' } };
    await withCourses(start, counted, countsByAddress);
  });
}

async function registersWithJson(url: string): Promise<void> {
  const browser = browserAt(url);
  const json = { username: 'bob', email: 'bob@example.com', password1: PASSWORD, password2: PASSWORD };
  assert.equal((await browser.post('/auth/registration/', { json })).status, 201);
  assert.equal(await (await browser.get('/')).text(), 'Welcome, bob.');
}

async function registersWithForm(url: string): Promise<void> {
  const browser = browserAt(url);
  const form = { username: 'bob', email: '', password1: PASSWORD, password2: PASSWORD };
  assert.equal((await browser.post('/auth/registration/', { form })).status, 201);
  assert.equal(await (await browser.get('/')).text(), 'Welcome, bob.');
}

async function tellsStrangers(url: string): Promise<void> {
  const stranger = browserAt(url);
  const refused = await stranger.get('/lessons/1');
  assert.equal(refused.status, 401);
  assert.equal(refused.headers.get('www-authenticate'), 'Token');
  assert.equal(((await refused.json()) as { code: string }).code, 'not_authenticated');
  assert.equal(await (await stranger.get('/')).text(), 'Please sign in.');
  assert.equal((await stranger.get('/nowhere')).status, 404);
}

async function tellsDisplaced(url: string): Promise<void> {
  const phone = await signIn(url, 'ann');
  assert.equal((await fetch(`${url}/lessons/1`, { headers: phone })).status, 200);

  const laptop = browserAt(url);
  const form = { username: 'ann', password: PASSWORD };
  const headers = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' };
  assert.equal((await laptop.post('/auth/login/', { form, headers })).status, 200);

  const refused = await fetch(`${url}/lessons/1`, { headers: phone });
  assert.equal(refused.status, 401);
  assert.equal(refused.headers.get('latchkey-reason'), 'session_displaced');
  const { code, by } = (await refused.json()) as { readonly code: string; readonly by: unknown };
  assert.equal(code, 'session_displaced');
  assert.deepEqual(by, { device: 'Firefox on Linux', class: 'web' });
  const page = await fetch(url, { headers: phone });
  assert.match(await page.text(), /opened on another device/);
  assert.equal((await laptop.get('/lessons/1')).status, 200);
}

async function cutsStream(url: string): Promise<void> {
  const headers = await signIn(url, 'ann');
  const response = await fetch(`${url}/lessons/1/play`, { headers, signal: AbortSignal.timeout(10_000) });
  assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
  let heard = '';
  for await (const chunk of (response.body ?? assert.fail('There is no stream.')).pipeThrough(
    new TextDecoderStream(),
  )) {
    if (heard === '') await signIn(url, 'ann');
    heard += chunk;
  }
  assert.match(heard, /^event: tick\ndata: 0\n\n/);
  assert.match(heard, /event: ended\ndata: session_displaced\n\n$/);
}

async function survivesLeaving(url: string): Promise<void> {
  const headers = await signIn(url, 'ann');
  const leave = new AbortController();
  const response = await fetch(`${url}/lessons/1/play`, { headers, signal: leave.signal });
  await response.body?.getReader().read();
  leave.abort();
  assert.equal((await fetch(`${url}/lessons/1`, { headers })).status, 200);
}

async function takesCookies(url: string): Promise<void> {
  const browser = browserAt(url);
  await browser.post('/auth/login/', { json: { username: 'ann', password: PASSWORD } });
  assert.deepEqual(await (await browser.get('/lessons/7')).json(), { lesson: '7' });
  const linked = await browser.get('/lessons/7', { headers: { 'sec-fetch-site': 'cross-site' } });
  assert.equal(linked.status, 200);
  const done = await browser.post('/lessons/7/done', { headers: { origin: OWN_ORIGIN } });
  assert.deepEqual(await done.json(), { lesson: '7', doneBy: 1 });
}

async function refusesForeignOrigins(url: string): Promise<void> {
  const browser = browserAt(url);
  await browser.post('/auth/login/', { json: { username: 'ann', password: PASSWORD } });
  for (const headers of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }]) {
    const refused = await browser.post('/lessons/7/done', { headers });
    assert.equal(refused.status, 403);
    assert.equal(((await refused.json()) as { code: string }).code, 'origin_not_allowed');
  }
  const app = await fetch(`${url}/lessons/7/done`, {
    method: 'POST',
    headers: { ...(await signIn(url, 'ann')), origin: 'https://evil.example' },
  });
  assert.equal(app.status, 200);
}

async function countsByAddress(url: string): Promise<void> {
  const wrong = { json: { username: 'ann', password: 'not this one' } };
  assert.equal((await browserAt(url).post('/auth/login/', wrong)).status, 400);
  assert.equal((await browserAt(url).post('/auth/login/', wrong)).status, 429);
}

/** The README's last command starts the app as it says, from the repository's root. */
export function theReadmeIsRight(readme: string): void {
  describe('the README', () => {
    test('its commands start the app', async () => {
      const commands = readFileSync(readme, 'utf8').match(/^ {4}\S.*$/gm) ?? [];
      assert.equal(commands.length, 2);
      const folder = mkdtempSync(join(tmpdir(), 'latchkey-'));
      const app = spawn((commands[1] ?? '').trim(), {
        shell: true,
        detached: true,
        cwd: join(import.meta.dirname, '..'),
        env: { ...process.env, PORT: '0', LATCHKEY_DATABASE: `sqlite:${join(folder, 'test.db')}` },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const ended = once(app, 'exit');
      try {
        assert.equal(await (await fetch(await addressIn(app.stdout))).text(), 'Please sign in.');
      } finally {
        // The command is a shell that runs npm that runs the app: all of them are told.
        process.kill(-(app.pid ?? assert.fail('It did not start.')), 'SIGTERM');
        await ended;
        rmSync(folder, { recursive: true });
      }
    });
  });
}

async function addressIn(output: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: output })) {
    const address = /http:\/\/127\.0\.0\.1:[1-9]\d*/.exec(line)?.[0];
    if (address !== undefined) return address;
  }
  throw new Error('The app ended before it said where it is.');
}
