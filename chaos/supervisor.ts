/** The nodes as processes: started, stopped in every way, and started again on the same port. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Said, STORE_AWAY, type Told } from './said.ts';
import { type Answered, type Line, lineTo } from './wire.ts';

const MODULE = new URL('node.ts', import.meta.url).pathname;
/** Before the node's own modules are loaded. */
const PREPARE = new URL('prepare.ts', import.meta.url).href;
const READY_WITHIN_MS = 120_000;
const STOP_WITHIN_MS = 60_000;
/** As a supervisor waits before it starts a process again. */
const RELAUNCH_MS = 200;

export type Node = {
  readonly name: string;
  /** For clients that wait for their answers. */
  readonly line: Line;
  /** For whoever asks at his own times. */
  readonly probes: Line;
  start(): Promise<void>;
  /** Sends a signal and waits for the end. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  /** `SIGSTOP`, and `SIGCONT`. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** By the control port of whichever process is the node now. */
  tell<Path extends keyof Told>(path: Path, told: Told[Path]): Promise<Answered>;
  close(): void;
};

export type NodeOptions = {
  readonly name: string;
  readonly port: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly onSaid: (said: Exclude<Said, { said: 'ready' }>) => void;
};

export function node({ name, port, environment, onSaid }: NodeOptions): Node {
  const line = lineTo(port);
  const probes = lineTo(port);
  let child: ChildProcess | null = null;
  let control: Line | null = null;
  const atExit = (): void => void child?.kill('SIGKILL');
  process.once('exit', atExit);

  return {
    name,
    line,
    probes,
    async start() {
      for (const deadline = performance.now() + READY_WITHIN_MS; ; await sleep(RELAUNCH_MS)) {
        const started = launch(environment, port);
        child = started;
        const ready = await readyAt(started, name, onSaid);
        if (ready.isReady) {
          control?.close();
          control = lineTo(ready.controlPort);
          return;
        }
        // At its first start the store is there.
        const mayTryAgain = started.exitCode === STORE_AWAY && control !== null && performance.now() < deadline;
        if (!mayTryAgain) throw new Error(ready.why);
      }
    },
    async end(signal) {
      const ending = child;
      if (ending === null || ending.exitCode !== null || ending.signalCode !== null) return;
      const ended = once(ending, 'exit');
      ending.kill(signal);
      const deadline = setTimeout(() => ending.kill('SIGKILL'), STOP_WITHIN_MS);
      await ended;
      clearTimeout(deadline);
    },
    signal: (signal) => void child?.kill(signal),
    tell: async (path, body) => {
      if (control !== null) return await control.ask({ path, body });
      const now = performance.now();
      return { called: now, returned: now, status: null, reason: null, body: null, nonce: null, isUnsent: true };
    },
    close() {
      process.off('exit', atExit);
      atExit();
      line.close();
      probes.close();
      control?.close();
    },
  };
}

function launch(environment: Readonly<Record<string, string>>, port: number): ChildProcess {
  const { PATH, HOME, TMPDIR, CHAOS_VERBOSE } = process.env;
  const options = ['--conditions=source', '--disable-warning=ExperimentalWarning', `--import=${PREPARE}`];
  return spawn(process.execPath, [...options, MODULE], {
    env: { PATH, HOME, TMPDIR, CHAOS_VERBOSE, PORT: String(port), ...environment },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

type Start =
  | { readonly isReady: true; readonly controlPort: number }
  | { readonly isReady: false; readonly why: string };

async function readyAt(child: ChildProcess, name: string, onSaid: NodeOptions['onSaid']): Promise<Start> {
  const { promise, resolve } = Promise.withResolvers<Start>();
  const fail = (why: string): void => resolve({ isReady: false, why: `${name} ${why}` });
  const deadline = setTimeout(() => fail('did not get ready.'), READY_WITHIN_MS);
  child.once('exit', (code, signal) => fail(`ended before it was ready (${signal ?? code}).`));
  if (child.stdout === null) throw new Error('A node says what it does on its standard output.');
  createInterface({ input: child.stdout }).on('line', (text) => {
    const said = saidIn(text);
    if (said?.said === 'ready') resolve({ isReady: true, controlPort: said.controlPort });
    else if (said !== null) onSaid(said);
  });
  try {
    return await promise;
  } finally {
    clearTimeout(deadline);
  }
}

/** A node that is killed may have said half a line. */
function saidIn(text: string): Said | null {
  try {
    return JSON.parse(text) as Said;
  } catch {
    return null;
  }
}
