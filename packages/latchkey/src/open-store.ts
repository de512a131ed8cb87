import type { Pool } from 'pg';
import type { StoreSettings } from './resolve-settings.ts';
import type { Clock } from './stores/clock.ts';
import { sqliteStore } from './stores/sqlite/store.ts';
import type { Store } from './stores/store.ts';

/** A `Pool` of `pg`, version 8. */
export type PostgresPool = { readonly connect: (...given: never[]) => unknown; readonly options: object };

/** What the code brings along. */
export type StoreCode = { readonly clock: Clock | undefined; readonly pool: PostgresPool | undefined };

/** Opens what the settings name. What one does not use is never loaded. */
export async function openStore(settings: StoreSettings, code: StoreCode): Promise<Store> {
  if (settings.database.startsWith('sqlite:'))
    return sqliteStore(settings.database.slice('sqlite:'.length), code.clock);
  const { database: url, schema, pooler, feedUrl, connections: most } = settings;
  const { postgresStore } = await import('./stores/postgres/store.ts');
  const source = code.pool === undefined ? { url, most } : { pool: code.pool as Pool };
  return await postgresStore({
    ...{ ...source, schema, pooler },
    ...(feedUrl !== null && { feedUrl }),
    ...(code.clock !== undefined && { clock: code.clock }),
  });
}
