import { onFile } from '../data/place.ts';
import type { Row } from '../harness/figure.ts';
import { getPattern } from '../load/connection.ts';
import { productionServer } from '../servers/environment.ts';
import { fill, writeTokens } from './fill.ts';
import { asLoad, measureServers } from './served.ts';

export const ownRoutes: Row = {
  name: 'own-routes',
  title: 'Latchkey’s own routes, as `latchkey serve` answers them',
  needsPeers: false,
  async measure(bench) {
    const filled = await fill(bench, bench.isQuick ? 10_000 : 100_000);
    const fills = writeTokens(bench, filled.tokens);
    const server = await bench.start('servers/latchkey.ts', { environment: productionServer(onFile(filled.path)) });
    const bare = await bench.start('servers/bare.ts', { args: ['hono'] });
    const served = await measureServers(bench, 'own-routes', {
      hono: { server: bare, pattern: getPattern('/courses/'), fills },
      session: { server, pattern: getPattern('/auth/session/'), fills },
      user: { server, pattern: getPattern('/auth/user/'), fills },
    });
    const held = { against: 'an answer from Hono alone, no check', floor: served.hono };
    return [...asLoad('GET /auth/session/', served.session, held), ...asLoad('GET /auth/user/', served.user, held)];
  },
};
