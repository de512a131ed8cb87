import { after, before, describe, test } from 'node:test';
import { available as noPostgres, openPostgres } from '../servers/postgres.ts';
import { startable as noRedis, startRedis } from '../servers/redis.ts';
import { temporaryFolder } from '../serving.ts';
import { type Fleet, startFleet } from './fleet.ts';
import { PLACES, races } from './races.ts';

/** Where a fleet keeps things, and how that is thrown away. */
type Place = { readonly environment: Readonly<Record<string, string>>; remove(): Promise<void> };

const stores: Record<string, { readonly without: string | null; readonly open: () => Promise<Place> }> = {
  SQLite: {
    without: null,
    async open() {
      const folder = temporaryFolder();
      const environment = { LATCHKEY_DATABASE: `sqlite:${folder.path}/test.db` };
      return { environment, remove: async () => folder.remove() };
    },
  },
  PostgreSQL: {
    without: noPostgres(),
    async open() {
      const server = await openPostgres();
      const { url, schema } = await server.freshSchema();
      return { environment: { LATCHKEY_DATABASE: url, LATCHKEY_SCHEMA: schema }, remove: () => server.stop() };
    },
  },
  Redis: {
    without: noRedis(),
    async open() {
      const [server, folder] = [await startRedis(), temporaryFolder()];
      return {
        environment: { LATCHKEY_DATABASE: `sqlite:${folder.path}/test.db`, LATCHKEY_SESSIONS: server.url },
        async remove() {
          await server.stop();
          folder.remove();
        },
      };
    },
  },
};

for (const [name, { without, open }] of Object.entries(stores)) {
  for (const count of [1, 3]) {
    describe(`races at ${count === 1 ? 'one node' : `${count} nodes`} on ${name}`, { skip: without ?? false }, () => {
      let place: Place;
      let fleet: Fleet;
      before(async () => {
        place = await open();
        fleet = await startFleet({ ...place.environment, LATCHKEY_SESSION_LIMIT: String(PLACES) }, count);
      });
      after(async () => {
        await fleet.stop();
        await place.remove();
      });
      for (const race of races) test(race.name, () => race.run(fleet));
    });
  }
}
