/** The stores that fleets keep things in. */
import { available as noPostgres, openPostgres } from '../servers/postgres.ts';
import { startable as noRedis, startRedis } from '../servers/redis.ts';
import { temporaryFolder } from '../serving.ts';

/** Where a fleet keeps things, and how that is thrown away. */
export type Place = { readonly environment: Readonly<Record<string, string>>; remove(): Promise<void> };

export const stores: Record<string, { readonly without: string | null; readonly open: () => Promise<Place> }> = {
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
