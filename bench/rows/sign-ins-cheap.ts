import { join } from 'node:path';
import { copyAccounts, signUpAndIn } from '../data/database.ts';
import { onFile, type Place } from '../data/place.ts';
import type { Bench } from '../harness/bench.ts';
import { type Figure, plain, type Row } from '../harness/figure.ts';
import { uncountedServer } from '../servers/environment.ts';
import { cpuOf, measureServers, rateOf } from './served.ts';
import { signIn, writeNames } from './sign-ins.ts';
import { type Store, sharedServers, telling } from './stores.ts';

const ACCOUNTS = 2_000;
const ROW = 'sign-ins-cheap';

export const signInsCheap: Row = {
  name: ROW,
  title: 'Sign-ins over HTTP without the hash, 32 at a time, each displacing a session: what all but the hash costs',
  needsPeers: false,
  async measure(bench) {
    const figures: Figure[] = [];
    for (const { name, place } of await stores(bench)) {
      const server = await bench.start('servers/latchkey.ts', { environment: uncountedServer(place) });
      const target = { server, pattern: signIn, fills: writeNames(bench, ACCOUNTS) };
      const { latchkey } = await measureServers(bench, `${ROW}: ${name}`, { latchkey: target });
      await server.stop();
      figures.push(plain(`${name}: POST /auth/login/ with a cheap hash`, '/s', rateOf(latchkey)));
      figures.push(plain('the same, CPU of the node per sign-in', 'µs', cpuOf(latchkey)));
    }
    return figures;
  },
};

async function stores(bench: Bench): Promise<readonly Store[]> {
  const cheap = (place: Place): Place => ({ ...place, passwordHash: 'dangerously-cheap' });
  const path = join(bench.folder, 'cheap.db');
  const file = cheap(onFile(path));
  await signUpAndIn(file);
  copyAccounts(path, ACCOUNTS);
  const all: Store[] = [{ name: 'SQLite', place: file }];
  for (const { name, placeAt, fill } of await sharedServers(bench)) {
    const place = cheap(placeAt(0));
    await fill(place, { count: ACCOUNTS, what: 'accounts and sessions' }, telling(bench, ROW));
    all.push({ name, place });
  }
  return all;
}
