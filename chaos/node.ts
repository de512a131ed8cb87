/** A node for the driver: Latchkey as it serves, with a port of its own on which an operator acts and faults are made. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { accountsFace, sessionsFace } from '../packages/latchkey/src/faces.ts';
import type { LatchkeyOptions } from '../packages/latchkey/src/latchkey.ts';
import { serve } from '../packages/latchkey/src/server/serve.ts';
import { StoreUnavailable } from '../packages/latchkey/src/stores/store.ts';
import { plantBug } from './bugs.ts';
import { type Report, type Said, STORE_AWAY, type Told } from './said.ts';

const say = (said: Said): void => void process.stdout.write(`${JSON.stringify(said)}\n`);

/** Errors that nobody caught are counted, and shown: a node that goes on is worth more to the checker than one that is gone. */
let uncaught = 0;
const count = (error: unknown): void => {
  uncaught++;
  process.stderr.write(`uncaught: ${error instanceof Error ? error.stack : String(error)}\n`);
};
process.on('uncaughtException', count);
process.on('unhandledRejection', count);

const rightTime = Date.now;
const RESET = /\/password\/reset\/confirm\/([^/\s]+)\/([^/\s]+)\//;

const options: LatchkeyOptions = {
  log: { info: () => undefined, warn: () => undefined, error: logError },
  hooks: { placeOf: (address) => address },
  async sendMail({ text }) {
    const [, uid, token] = RESET.exec(text) ?? [];
    if (uid !== undefined && token !== undefined) say({ said: 'reset-link', uid, token });
  },
};

/** What a fault explains is expected; the rest is for whoever looks into a run. */
function logError(details: object, message: string): void {
  if (process.env['CHAOS_VERBOSE'] === undefined) return;
  const error = 'err' in details && details.err instanceof Error ? `: ${details.err.stack}` : '';
  process.stderr.write(`${message}${error}\n`);
}

const where = { host: '127.0.0.1', port: Number(process.env['PORT']) };
const { assembled, stop } = await serve(options, where, process.env).catch((error: unknown) => {
  if (!(error instanceof StoreUnavailable)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(STORE_AWAY);
});
const bug = process.env['LATCHKEY_TEST_BUG'];
if (bug !== undefined) plantBug(bug, assembled);

const { parts } = assembled;
const accounts = accountsFace(parts);
const sessions = sessionsFace(parts);
parts.endings.onChange((change) => {
  if (change.kind !== 'ended') return;
  const { sessionId, reason } = change.ending;
  say({ said: 'ended', session: sessionId, position: change.position, reason });
});
await parts.endings.begun();

type Acts = { readonly [Path in keyof Told]: (told: Told[Path]) => unknown };

const acts: Acts = {
  '/suspend': ({ account }) => accounts.suspend(account),
  '/reactivate': ({ account }) => accounts.reactivate(account),
  '/roles': ({ account, roles }) => accounts.setRoles(account, roles),
  '/end-all': ({ account }) => sessions.endAll(account),
  '/block': ({ ms }) => block(ms),
  '/clock': ({ shiftMs }) => {
    Date.now = () => rightTime() + shiftMs;
  },
  '/report': (): Report => ({ uncaught, rssBytes: process.memoryUsage.rss() }),
};

function block(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until; );
}

async function answer(req: IncomingMessage): Promise<{ readonly status: number; readonly body: unknown }> {
  const act = acts[req.url as keyof Told] as ((told: unknown) => unknown) | undefined;
  if (act === undefined) return { status: 404, body: null };
  try {
    return { status: 200, body: (await act(await json(req))) ?? null };
  } catch (error) {
    logError({ err: error }, 'an act failed');
    return { status: 503, body: null };
  }
}

const control = createServer((req, res) => {
  void answer(req).then(({ status, body }) => {
    res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
});
control.listen(0, '127.0.0.1', () => say({ said: 'ready', controlPort: (control.address() as AddressInfo).port }));

async function leave(): Promise<never> {
  control.closeAllConnections();
  await stop();
  process.exit(0);
}
process.once('SIGTERM', () => void leave());
// A driver that is gone wants no nodes any more.
process.stdin.on('end', () => process.exit(1)).resume();
