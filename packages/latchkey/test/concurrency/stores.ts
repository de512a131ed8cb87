/** Each way of keeping accounts and sessions, for what must hold on all of them. */
import type { LatchkeyOptions } from 'latchkey';
import { available as noPostgres, openPostgres } from '../servers/postgres.ts';
import { startable as noRedis, startRedis } from '../servers/redis.ts';
import { temporaryFolder } from '../serving.ts';

export type Place = { readonly options: LatchkeyOptions; remove(): Promise<void> };

export const stores: Readonly<
  Record<string, { readonly without: string | null; readonly open: () => Promise<Place> }>
> = {
  SQLite: {
    without: null,
    async open() {
      const folder = temporaryFolder();
      return { options: { database: `sqlite:${folder.path}/test.db` }, remove: async () => folder.remove() };
    },
  },
  PostgreSQL: {
    without: noPostgres(),
    async open() {
      const server = await openPostgres();
      const { url, schema } = await server.freshSchema();
      return { options: { database: url, stores: { schema } }, remove: () => server.stop() };
    },
  },
  'SQLite with sessions in Redis': {
    without: noRedis(),
    async open() {
      const [server, folder] = [await startRedis(), temporaryFolder()];
      const remove = async (): Promise<void> => {
        await server.stop();
        folder.remove();
      };
      return { options: { database: `sqlite:${folder.path}/test.db`, sessionStore: server.url }, remove };
    },
  },
};
