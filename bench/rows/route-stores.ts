import type { Place } from '../data/place.ts';
import { allTokens } from '../data/tokens.ts';
import type { Bench } from '../harness/bench.ts';
import type { Figure, Row } from '../harness/figure.ts';
import { getPattern } from '../load/connection.ts';
import { PATH } from '../servers/answer.ts';
import { writeTokens } from './fill.ts';
import { asLoad, measureServers, type Target } from './served.ts';
import { type Store, sharedStores } from './stores.ts';

/** Few enough that the round that warms up has each of them read. */
const SESSIONS = 10_000;

export const routeStores: Row = {
  name: 'route-stores',
  title: 'A route under a check from memory (acked), over HTTP',
  needsPeers: false,
  async measure(bench) {
    const sessions = bench.isQuick ? SESSIONS / 10 : SESSIONS;
    const stores = await sharedStores(bench, 'route-stores', { count: sessions, what: 'sessions' });
    const fills = writeTokens(bench, allTokens(sessions));
    const figures: Figure[] = [];
    for (const store of stores) figures.push(...(await measureStore(bench, store, fills)));
    return figures;
  },
};

async function measureStore(bench: Bench, { name, place }: Store, fills: string): Promise<readonly Figure[]> {
  const serve = async (file: string, ...args: readonly string[]): Promise<Target> => {
    const server = await bench.start(`servers/${file}`, { args, environment: { NODE_ENV: 'production' } });
    return { server, pattern: getPattern(PATH), fills };
  };
  const acked = JSON.stringify({ ...place, checks: 'acked' } satisfies Place);
  const targets = {
    constant: await serve('constant.ts'),
    request: await serve('latchkey-host.ts', acked, 'request'),
    headers: await serve('latchkey-host.ts', acked, 'headers'),
    'usual, constant': await serve('constant.ts', 'usual'),
    'usual, request': await serve('latchkey-host.ts', acked, 'request', 'usual'),
  };
  const served = await measureServers(bench, `route-stores: ${name}`, targets);
  for (const { server } of Object.values(targets)) await server.stop();
  const constant = { against: 'the same app, a constant for the check', floor: served.constant, atLeast: 0.9 };
  const usual = { against: 'that app, a constant for the check', floor: served['usual, constant'], atLeast: 0.9 };
  return [
    ...asLoad(`${name}: Hono app under authenticate(c.req.raw)`, served.request, constant),
    ...asLoad(`${name}: Hono app under authenticate(incoming.headers)`, served.headers, constant),
    ...asLoad(`${name}: Hono app with usual middleware, authenticate(c.req.raw)`, served['usual, request'], usual),
  ];
}
