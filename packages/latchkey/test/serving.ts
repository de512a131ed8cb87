/** Real servers for tests: `latchkey serve` in processes of their own, on free ports, on one database file. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const MAIN = new URL('../src/cli/main.ts', import.meta.url).pathname;

export type ServingProcess = {
  readonly process: ChildProcess;
  /** Such as `http://127.0.0.1:40123`. */
  readonly url: string;
  /** Everything that it has written so far, on both streams. */
  output(): string;
  /** Sends a signal, and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<void>;
};

/** A folder for one test, removed by its `remove`. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'latchkey-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Settings of a server that is tested for something else than hashing and guessing. */
export const QUICK: Readonly<Record<string, string>> = {
  LATCHKEY_PASSWORD_HASH: 'dangerously-cheap',
  LATCHKEY_RATE_LIMITS: 'off',
};

/** Starts a server on a database file and waits until it listens. */
export async function startServer(
  database: string,
  environment: Readonly<Record<string, string>> = QUICK,
): Promise<ServingProcess> {
  const child = spawn(process.execPath, ['--conditions=source', MAIN, 'serve', '--port', '0'], {
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      LATCHKEY_DATABASE: `sqlite:${database}`,
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const { promise: listening, resolve } = Promise.withResolvers<string>();
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      output += `${line}\n`;
      const url = /^Latchkey listens on (http:\/\/[^/]+)/.exec(line)?.[1];
      if (url !== undefined) resolve(url);
    });
  }
  const ended = once(child, 'exit');
  const url = await Promise.race([listening, ended.then(() => null)]);
  if (url === null) throw new Error(`The server ended before it listened:\n${output}`);
  return {
    process: child,
    url,
    output: () => output,
    async stop(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await ended;
    },
  };
}

export type Answer = {
  readonly status: number;
  readonly reason: string | null;
  readonly body: Readonly<Record<string, unknown>>;
};

/** A request with a JSON body, or none, and a key, or none. */
export async function ask(
  url: string,
  given: {
    readonly body?: unknown;
    readonly key?: string;
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
  } = {},
): Promise<Answer> {
  const headers: Record<string, string> = { ...given.headers };
  if (given.body !== undefined) headers['content-type'] = 'application/json';
  if (given.key !== undefined) headers['authorization'] = `Token ${given.key}`;
  const response = await fetch(url, {
    method: given.method ?? (given.body === undefined ? 'GET' : 'POST'),
    headers,
    ...(given.body !== undefined && { body: JSON.stringify(given.body) }),
  });
  const text = await response.text();
  const body = text.startsWith('{') ? (JSON.parse(text) as Answer['body']) : {};
  return { status: response.status, reason: response.headers.get('latchkey-reason'), body };
}
