/** Starts a server and asks it until it answers. */
import { spawn } from 'node:child_process';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { answers, ready } from '../harness/answers.ts';

export type StartAsked = {
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly folder: string;
  /** What is asked for, and the status that counts as an answer, in their order. */
  readonly asks: readonly (readonly [path: string, status: number])[];
};

/** Milliseconds from the start of the process to each first answer. */
export type Started = readonly number[];

const GIVE_UP_AFTER_MS = 20_000;
const PAUSE_MS = 2;
const SETTLE_MS = 150;

async function run({ args, environment, folder, asks }: StartAsked): Promise<Started> {
  const port = await freePort();
  const startedAt = performance.now();
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: { ...process.env, ...environment, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  try {
    const times: number[] = [];
    for (const [path, status] of asks) {
      while ((await statusOf(port, path)) !== status) {
        if (performance.now() - startedAt > GIVE_UP_AFTER_MS || child.exitCode !== null) {
          throw new Error(`${args.at(-1)} did not answer ${status} to ${path}.`);
        }
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
      times.push(performance.now() - startedAt);
    }
    return times;
  } finally {
    // Told politely, and not in the middle of its start: the compile cache is written when a process ends by itself.
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    child.kill('SIGTERM');
    await ended;
  }
}

function statusOf(port: number, path: string): Promise<number | null> {
  return new Promise((resolve) => {
    get({ port, path, host: '127.0.0.1', agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? null);
    }).once('error', () => resolve(null));
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(address !== null && typeof address === 'object' ? address.port : 0));
    });
  });
}

answers({ run });
ready(null);
