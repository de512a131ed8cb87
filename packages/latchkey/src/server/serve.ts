/** Latchkey as a server of its own. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Assembled, Running } from '../assemble.ts';
import { clientAddressBehind } from '../http/client.ts';
import { type LatchkeyOptions, open } from '../latchkey.ts';
import { METRICS_TYPE, metricsText } from '../metrics.ts';
import { isForDevelopment } from '../model/development.ts';
import { logEvent, serverLog } from './log.ts';
import { nodeHandler } from './node.ts';

export type Serving = {
  readonly port: number;
  readonly assembled: Assembled;
  /** Takes no more requests, finishes those in flight, and lets go of everything. */
  stop(): Promise<void>;
};

export type ServeOptions = {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
};

/** Against clients that are slow on purpose: headers and bodies have a time, idle connections an end. */
const LIMITS = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 5_000,
  maxHeaderSize: 16_384,
} as const;

/** Requests in flight get so long to finish. */
const STOP_WITHIN_MS = 10_000;

export async function serve(
  options: LatchkeyOptions,
  { host, port }: ServeOptions,
  environment: Running['environment'],
): Promise<Serving> {
  const log = options.log ?? (await serverLog(environment['LOG_LEVEL'] ?? 'info'));
  const { auth, assembled } = await open(
    {
      ...options,
      log,
      onEvent: async (event) => {
        logEvent(log, event);
        await options.onEvent?.(event);
      },
    },
    { environment, role: 'node' },
  );
  warnOfPublicOrigin(assembled);
  const answer = nodeHandler(auth, { replaceGlobals: true });
  const warnOfProxy = proxyWarning(assembled);
  const server = createServer(LIMITS, (req, res) => {
    if (req.url === '/healthz') return answerPlain(res, 200, 'ok');
    if (req.url === '/readyz') return void answerReadiness(assembled, res);
    if (req.url === '/metrics' && isOfThisMachine(req)) return answerMetrics(assembled, res);
    warnOfProxy(req);
    answer(req, res);
  });
  const stop = async (): Promise<void> => {
    // Streams have no end of their own that could be waited for.
    assembled.parts.streams.close();
    await finish(server);
    await auth.close();
  };
  try {
    const address = await listen(server, host, port);
    // Not before: a node that cannot serve must not switch off those that do.
    await assembled.announce();
    return { port: address.port, assembled, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function listen(server: Server, host: string, port: number): Promise<AddressInfo> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return server.address() as AddressInfo;
}

async function finish(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const deadline = setTimeout(() => server.closeAllConnections(), STOP_WITHIN_MS).unref();
  // A connection whose request has just been answered would be kept for the next one.
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  await closed;
  clearInterval(sweep);
  clearTimeout(deadline);
}

function answerPlain(res: ServerResponse, status: number, text: string): void {
  res.writeHead(status, { 'content-type': 'text/plain', 'cache-control': 'no-store' }).end(`${text}\n`);
}

/** Figures are for who is on this machine, and not for who comes through a proxy that is. */
function isOfThisMachine({ socket, headers }: IncomingMessage): boolean {
  const isLoopback = /^(?:127\.|::1$|::ffff:127\.)/.test(socket.remoteAddress ?? '');
  return isLoopback && headers['x-forwarded-for'] === undefined && headers.forwarded === undefined;
}

function answerMetrics({ parts }: Assembled, res: ServerResponse): void {
  res.writeHead(200, { 'content-type': METRICS_TYPE, 'cache-control': 'no-store' }).end(metricsText(parts));
}

/** Ready is who reaches its store, can write to it, and follows the rule in force. */
async function answerReadiness(assembled: Assembled, res: ServerResponse): Promise<void> {
  try {
    await assembled.parts.store.writable();
    const isInForce = await assembled.isRuleInForce();
    if (isInForce) answerPlain(res, 200, 'ready');
    else answerPlain(res, 503, 'other session settings are in force: restart this node with them');
  } catch (error) {
    assembled.log.error({ err: error }, 'the store cannot be reached');
    answerPlain(res, 503, 'the store cannot be reached');
  }
}

/** What is unsafe is refused in production alone: whoever forgot to say that it is one must hear of it. */
function warnOfPublicOrigin({ parts: { settings }, log }: Assembled): void {
  if (settings.production || isForDevelopment(settings)) return;
  log.warn(
    {},
    `LATCHKEY_ORIGIN is ${settings.origin}, which others reach, and settings that are unsafe there are not refused. Set NODE_ENV=production.`,
  );
}

/** All clients behind an undeclared proxy would share its limits: an operator must hear of that, once. */
function proxyWarning({ parts, log }: Assembled): (req: IncomingMessage) => void {
  const addresses = clientAddressBehind(parts.settings.trustedProxies);
  let isTold = false;
  return (req) => {
    if (isTold) return;
    const headers = { get: (name: string) => (name in req.headers ? String(req.headers[name]) : null) };
    if (!addresses.isUndeclaredProxy(req.socket.remoteAddress ?? null, headers)) return;
    isTold = true;
    log.warn(
      {},
      'Requests come through a proxy that is not declared: all its clients share one limit of attempts. Set LATCHKEY_TRUSTED_PROXIES to its address.',
    );
  };
}
