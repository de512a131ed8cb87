import { allTokens } from '../data/tokens.ts';
import type { Figure, Row } from '../harness/figure.ts';
import { sharedStores } from './stores.ts';
import { measureStorm, SIGNING_IN } from './storm.ts';

/** As on SQLite: more than are checked in a round, so that some checks are answered from memory and others by a read. */
const SESSIONS = 20_000;

export const stormStores: Row = {
  name: 'storm-stores',
  title: 'Checks while many people sign in at once, on stores that nodes share',
  needsPeers: false,
  async measure(bench) {
    const row = 'storm-stores';
    const fill = { count: SESSIONS, what: 'accounts and sessions', seen: 'as in use' } as const;
    const tokens = allTokens(SESSIONS).slice(SIGNING_IN);
    const figures: Figure[] = [];
    for (const { name, place } of await sharedStores(bench, row, fill)) {
      const acked = { ...place, checks: 'acked' } as const;
      figures.push(...(await measureStorm(bench, { row, what: `${name}, acked: checks`, place: acked, tokens })));
    }
    return figures;
  },
};
