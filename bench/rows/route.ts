import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { onFile } from '../data/place.ts';
import type { Bench } from '../harness/bench.ts';
import { asSpeed, type Figure, plain, type Row } from '../harness/figure.ts';
import { getPattern } from '../load/connection.ts';
import { PATH } from '../servers/answer.ts';
import { fill, writeTokens } from './fill.ts';
import { asLoad, cpuOf, measureServers, rateOf, type Served, type Target } from './served.ts';

export const route: Row = {
  name: 'route',
  title: 'A route under a check, over HTTP',
  needsPeers: true,
  async measure(bench) {
    const sessions = bench.isQuick ? 10_000 : 100_000;
    const targets = await startAll(bench, sessions);
    const served = await measureServers(bench, 'route', targets);
    return figuresOf(served);
  },
};

const pattern = getPattern(PATH);

/** A server to start: its module, its arguments, and where the credentials are that its clients send. */
type Plan = { readonly file: string; readonly args: readonly string[]; readonly fills: string };

async function plansFor(bench: Bench, sessions: number) {
  const filled = await fill(bench, sessions);
  const fills = writeTokens(bench, filled.tokens);
  const at = (name: string): string => join(bench.folder, name);
  const copies = [at('second.db'), at('third.db'), at('fourth.db')] as const;
  for (const copy of copies) copyFileSync(filled.path, copy);
  const own = (file: string, ...args: readonly string[]): Plan => ({ file: `servers/${file}`, args, fills });
  /** Peers make their sessions themselves, and write down what their clients send. */
  const peer = (file: string, before: readonly string[], [name, ...after]: readonly [string, ...string[]]): Plan => {
    const fills = at(`${name}.json`);
    return {
      file: `servers/peers/${file}`,
      args: [...before, at(`${name}.db`), fills, String(sessions), ...after],
      fills,
    };
  };
  return {
    'node:http': own('bare.ts', 'node'),
    hono: own('bare.ts', 'hono'),
    constant: own('constant.ts'),
    'one read': own('one-read.ts', copies[2]),
    latchkey: own('latchkey-host.ts', placed(filled.path), 'request'),
    'latchkey, headers': own('latchkey-host.ts', placed(copies[0]), 'headers'),
    'usual, constant': own('constant.ts', 'usual'),
    'usual, latchkey': own('latchkey-host.ts', placed(copies[1]), 'request', 'usual'),
    'better-auth': peer('better-auth.ts', [], ['better-auth']),
    'better-auth, cookie cache': peer('better-auth.ts', [], ['better-auth-cached', 'cookie-cache']),
    express: own('peers/express.ts', 'bare'),
    'express-session, SQLite': peer('express.ts', ['sqlite'], ['express']),
    'express-session, memory': peer('express.ts', ['memory'], ['express-memory']),
  };
}

/** A place as an argument of a process. */
function placed(path: string): string {
  return JSON.stringify(onFile(path));
}

type All = Awaited<ReturnType<typeof plansFor>>;

async function startAll(bench: Bench, sessions: number): Promise<Readonly<Record<keyof All, Target>>> {
  const plans = await plansFor(bench, sessions);
  const started: [string, Target][] = [];
  for (const [name, { file, args, fills }] of Object.entries(plans)) {
    bench.progress.say(`route: starting ${name}`);
    const server = await bench.start(file, { args, environment: { NODE_ENV: 'production' } });
    started.push([name, { server, pattern, fills }]);
  }
  return Object.fromEntries(started) as Record<keyof All, Target>;
}

function figuresOf(served: Readonly<Record<keyof All, readonly Served[]>>): readonly Figure[] {
  const against = (what: string, name: keyof All, [floorName, floor]: readonly [string, keyof All], atLeast?: number) =>
    asLoad(what, served[name], { against: floorName, floor: served[floor], ...(atLeast !== undefined && { atLeast }) });
  const constant = ['the same app, a constant for the check', 'constant'] as const;
  const usual = ['that app, a constant for the check', 'usual, constant'] as const;
  const betterAuth = ['the same app under better-auth', 'better-auth'] as const;
  return [
    plain('the answer from node:http alone, CPU per request', 'µs', cpuOf(served['node:http'])),
    plain('the answer from node:http alone', '/s', rateOf(served['node:http'])),
    ...against('the answer from Hono alone', 'hono', ['node:http alone', 'node:http']),
    ...against('Hono app, a constant for the check', 'constant', ['node:http alone', 'node:http']),
    ...against('Hono app under SHA-256 and one prepared read', 'one read', constant),
    ...against('Hono app under authenticate(c.req.raw)', 'latchkey', constant, 0.75),
    ...against('Hono app under authenticate(incoming.headers)', 'latchkey, headers', constant, 0.75),
    ...against('Hono app with usual middleware, authenticate(c.req.raw)', 'usual, latchkey', usual, 0.75),
    ...against('Hono app under better-auth', 'better-auth', constant),
    ...against('Hono app under better-auth, its cookie cache', 'better-auth, cookie cache', constant),
    ...against('Express under express-session, SQLite', 'express-session, SQLite', ['bare Express', 'express']),
    ...against('Express under express-session, memory', 'express-session, memory', ['bare Express', 'express']),
    ...against('Latchkey against better-auth', 'latchkey', betterAuth, 30),
    asSpeed('what Latchkey’s check adds to a request, CPU', 'µs', addedBy(served, 'latchkey'), {
      against: 'what better-auth’s adds',
      floor: addedBy(served, 'better-auth'),
    }),
    ...against('Latchkey against better-auth, its cookie cache', 'latchkey', [
      'the same app under its cookie cache',
      'better-auth, cookie cache',
    ]),
    ...against('Latchkey (Hono) against express-session (Express)', 'latchkey', [
      'express-session, SQLite',
      'express-session, SQLite',
    ]),
  ];
}

function addedBy(served: Readonly<Record<keyof All, readonly Served[]>>, name: keyof All): readonly number[] {
  const constant = cpuOf(served.constant);
  return cpuOf(served[name]).map((cpuUs, round) => cpuUs - (constant[round] ?? 0));
}
