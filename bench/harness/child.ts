import { type ChildProcess, fork } from 'node:child_process';

/** A process of its own that is asked and answers, and that may serve on a port. */
export type Child = {
  readonly ready: Promise<void>;
  /** Where it serves. Throws before it is ready, and where it does not serve. */
  readonly port: number;
  ask<Answer>(question: string, given?: unknown): Promise<Answer>;
  /** The CPU time (of all its threads) and the memory that it has taken so far. */
  usage(): Promise<Usage>;
  /** Lets it end by itself, as far as it does so at once. */
  stop(): Promise<void>;
  kill(): void;
};

export type Usage = { readonly cpuUs: number; readonly rssBytes: number };

export type ChildOptions = {
  /** Its module, relative to `bench/`. */
  readonly file: string;
  readonly args: readonly string[];
  /** Where it runs: no file of the caller's own must be found there. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
};

/** What a child says: that it is ready, or an answer to a question. */
export type Said =
  | { readonly ready: number | null }
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly failure: string };

export type Asked = { readonly id: number; readonly question: string; readonly given: unknown };

const ROOT = new URL('../', import.meta.url);
const ANSWERS_USAGE = new URL('usage.ts', import.meta.url).href;
const READY_WITHIN_MS = 120_000;
const STOP_WITHIN_MS = 2_000;

type Waiting = { readonly resolve: (answer: never) => void; readonly reject: (error: Error) => void };

export function startChild({ file, args, folder, environment }: ChildOptions): Child {
  const process_ = fork(new URL(file, ROOT).pathname, args, {
    cwd: folder,
    execArgv: ['--conditions=source', '--disable-warning=ExperimentalWarning', `--import=${ANSWERS_USAGE}`],
    env: { ...bareEnvironment(), ...environment },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const waiting = new Map<number, Waiting>();
  let port: number | null = null;
  let asked = 0;

  const ask = <Answer>(question: string, given: unknown = null): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const id = asked++;
      waiting.set(id, { resolve, reject });
      process_.send({ id, question, given } satisfies Asked);
    });

  process_.on('message', (said: Said) => {
    if ('ready' in said) return;
    const one = waiting.get(said.id);
    waiting.delete(said.id);
    if ('failure' in said) one?.reject(new Error(`${file}: ${said.failure}`));
    else one?.resolve(said.answer as never);
  });
  const ended = new Promise<void>((resolve) => process_.once('exit', () => resolve()));
  process_.once('exit', (code, signal) => {
    for (const { reject } of waiting.values()) reject(new Error(`${file} ended (${signal ?? code}).`));
  });

  const ready = portOf(process_, file).then((found) => {
    port = found;
  });
  return {
    ready,
    get port() {
      if (port === null) throw new Error(`${file} serves on no port.`);
      return port;
    },
    ask,
    usage: () => ask<Usage>('usage'),
    async stop() {
      if (process_.connected) process_.disconnect();
      const deadline = setTimeout(() => process_.kill('SIGKILL'), STOP_WITHIN_MS);
      await ended;
      clearTimeout(deadline);
    },
    kill: () => void process_.kill('SIGKILL'),
  };
}

/** Settings of the one who runs this must not change what is measured. */
function bareEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(?:LATCHKEY_|NODE_|PORT$|LOG_LEVEL$|UV_)/.test(name));
  return Object.fromEntries(kept);
}

/** Our own children say their port; the server as it is shipped prints where it listens. */
function portOf(child: ChildProcess, file: string): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const deadline = setTimeout(() => reject(new Error(`${file} did not get ready.`)), READY_WITHIN_MS);
    const done = (port: number | null): void => {
      clearTimeout(deadline);
      resolve(port);
    };
    child.on('message', (said: Said) => {
      if ('ready' in said) done(said.ready);
    });
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const [, port] = /listens on http:\/\/[^/]+:(\d+)/.exec(text) ?? [];
      if (port !== undefined) done(Number(port));
    });
    child.once('exit', (code) => {
      clearTimeout(deadline);
      reject(new Error(`${file} ended before it was ready (${code}).`));
    });
  });
}
