/** A device that speaks to the library's handler: an app that keeps its key, or a browser that keeps its cookies. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Latchkey } from 'latchkey';
import { type TestInstance, testLatchkey } from 'latchkey/testing';

export const PASSWORD = 'correct horse 9!';

/** Where test instances say that they are reached. */
export const OWN_ORIGIN = 'http://127.0.0.1:8787';

export type Body = Readonly<Record<string, unknown>>;

export type Answer = {
  readonly status: number;
  readonly reason: string | null;
  readonly text: string;
  /** The text as JSON; `{}` where it is none, or no object. */
  readonly body: Body;
  readonly headers: Headers;
};

export type Kind = 'app' | 'browser';

export class Device {
  readonly #auth: Latchkey;
  readonly #kind: Kind;
  readonly #cookies = new Map<string, string>();
  /** Its credential, once it is signed in. */
  key = '';
  /** What lets it keep its place. */
  deviceToken = '';

  constructor(auth: Latchkey, kind: Kind = 'app') {
    this.#auth = auth;
    this.#kind = kind;
  }

  get cookie(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  /** As what it is: what it sends with every request. */
  get own(): Readonly<Record<string, string>> {
    if (this.#kind === 'browser') return this.cookie === '' ? {} : { cookie: this.cookie };
    return {
      ...(this.key !== '' && { authorization: `Token ${this.key}` }),
      ...(this.deviceToken !== '' && { 'latchkey-device': this.deviceToken }),
    };
  }

  async ask(method: string, path: string, body?: Body, headers: Readonly<Record<string, string>> = {}) {
    const answer = await ask(this.#auth, method, path, { body, headers: { ...this.own, ...headers } });
    this.#keep(answer);
    return answer;
  }

  async signIn(username = 'ann', password = PASSWORD): Promise<Answer> {
    return await this.ask('POST', '/auth/login/', { username, password });
  }

  /** The article's way: says whether somebody was displaced. */
  async signInAndHear(username = 'ann'): Promise<unknown> {
    return (await this.ask('POST', '/auth/signin/', { username, password: PASSWORD })).body['message'];
  }

  /** The code that it is refused with, or null while it is signed in. */
  async why(): Promise<string | null> {
    const { status, reason } = await this.ask('GET', '/auth/session/');
    return status === 200 ? null : reason;
  }

  /** Its session's public name. */
  async sessionId(): Promise<string> {
    const { session } = (await this.ask('GET', '/auth/session/')).body as { readonly session: { readonly id: string } };
    return session.id;
  }

  #keep({ body, headers }: Answer): void {
    if (typeof body['key'] === 'string') this.key = body['key'];
    if (typeof body['device'] === 'string') this.deviceToken = body['device'];
    for (const line of headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
  }
}

type Asked = { readonly body?: Body | undefined; readonly headers?: Readonly<Record<string, string>> };

export function requestTo(path: string, method = 'GET', { body, headers }: Asked = {}): Request {
  return new Request(OWN_ORIGIN + path, {
    method,
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

export async function ask(auth: Latchkey, method: string, path: string, asked: Asked = {}): Promise<Answer> {
  const response = await auth.handler(requestTo(path, method, asked));
  const text = await response.text();
  const body = text.startsWith('{') ? (JSON.parse(text) as Body) : {};
  const { status, headers } = response;
  return { status, reason: headers.get('latchkey-reason'), text, body, headers };
}

/** So many devices, signed in one after the other. */
export async function signedIn(auth: Latchkey, count: number): Promise<readonly Device[]> {
  const devices: Device[] = [];
  for (let made = 0; made < count; made++) {
    const device = new Device(auth);
    assert.equal((await device.signIn()).status, 200);
    devices.push(device);
  }
  return devices;
}

type Options = Parameters<typeof testLatchkey>[0];

/** A test with an instance in memory and the account `ann`. */
export function withAnn(options: Options, work: (instance: TestInstance) => Promise<void>): () => Promise<void> {
  return async () => {
    const instance = await testLatchkey(options);
    try {
      await instance.auth.accounts.create({ username: 'ann', email: 'ann@example.com', password: PASSWORD });
      await work(instance);
    } finally {
      await instance.close();
    }
  };
}

/** Opens instances on one database file; what is open at the end is closed, and the file removed. */
export type Nodes = (options?: Options) => Promise<TestInstance>;

export function onOneFile(work: (open: Nodes, file: string) => Promise<void>): () => Promise<void> {
  return async () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-'));
    const file = join(folder, 'test.db');
    const instances: TestInstance[] = [];
    try {
      await work(async (options) => {
        const instance = await testLatchkey({ database: `sqlite:${file}`, ...options });
        instances.push(instance);
        return instance;
      }, file);
    } finally {
      for (const { close } of instances) await close();
      rmSync(folder, { recursive: true });
    }
  };
}

/** Waits until it is so; what is not so after two thousand looks is taken for a failure. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let looks = 0; looks < 2_000; looks++) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.fail(`It never came to pass: ${isSo}`);
}

export const DAY_MS = 86_400_000;
