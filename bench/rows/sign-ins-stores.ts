import type { Figure, Row } from '../harness/figure.ts';
import { measureSignIns, usual } from './sign-ins.ts';
import { sharedStores } from './stores.ts';

const ACCOUNTS = 2_000;

export const signInsStores: Row = {
  name: 'sign-ins-stores',
  title: 'Sign-ins over HTTP on stores that nodes share, each displacing a session',
  needsPeers: false,
  async measure(bench) {
    const row = 'sign-ins-stores';
    const figures: Figure[] = [];
    const all = bench.isQuick ? [usual] : [usual, 4];
    for (const { name, place } of await sharedStores(bench, row, { count: ACCOUNTS, what: 'accounts and sessions' })) {
      const what = `${name}: POST /auth/login/`;
      figures.push(...(await measureSignIns(bench, { row, what, place, accounts: ACCOUNTS, all })));
    }
    return figures;
  },
};
