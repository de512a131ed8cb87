import type { Pool } from 'pg';
import { InvalidSettings, type StoreSettings } from './resolve-settings.ts';
import type { Warn } from './sessions/endings.ts';
import type { AccountsSide } from './stores/apart/accounts-side.ts';
import type { Clock } from './stores/clock.ts';
import type { PostgresOptions } from './stores/postgres/store.ts';
import { sqliteAccounts, sqliteStore } from './stores/sqlite/store.ts';
import type { Store } from './stores/store.ts';

/** A `Pool` of `pg`, version 8. */
export type PostgresPool = { readonly connect: (...given: never[]) => unknown; readonly options: object };

/** What the code brings along. */
export type StoreCode = {
  readonly clock: Clock | undefined;
  readonly pool: PostgresPool | undefined;
  readonly warn: Warn;
};

/** Opens what the settings name. What one does not use is never loaded. */
export async function openStore(settings: StoreSettings, code: StoreCode): Promise<Store> {
  const isSqlite = settings.database.startsWith('sqlite:');
  const path = settings.database.slice('sqlite:'.length);
  if (settings.sessions !== null) return await openApart(settings, code, isSqlite ? path : null);
  if (isSqlite) return sqliteStore(path, code.clock);
  const { postgresStore } = await import('./stores/postgres/store.ts');
  return await postgresStore(postgresOptions(settings, code));
}

async function openApart(settings: StoreSettings, code: StoreCode, path: string | null): Promise<Store> {
  const { openRedisStore } = await import('./stores/redis/store.ts');
  const { storeApart } = await import('./stores/apart/store.ts');
  const accounts = path === null ? await openAccounts(settings, code) : sqliteAccounts(path, code.clock);
  try {
    const sessions = await openRedisStore(settings.sessions ?? '', {
      ...(code.clock !== undefined && { clock: code.clock }),
      ...(settings.replicas > 0 && { wait: { replicas: settings.replicas, ms: REPLICATED_WITHIN_MS } }),
    });
    for (const warning of sessions.warnings) code.warn({}, warning);
    return storeApart(accounts, sessions);
  } catch (error) {
    await accounts.close();
    // What is wrong with a URL is the operator's to mend, and is said without it.
    throw error instanceof TypeError ? new InvalidSettings([`LATCHKEY_SESSIONS: ${error.message}`]) : error;
  }
}

async function openAccounts(settings: StoreSettings, code: StoreCode): Promise<AccountsSide> {
  const { postgresAccounts } = await import('./stores/postgres/store.ts');
  return await postgresAccounts(postgresOptions(settings, code));
}

/** A replica that takes longer counts as gone. */
const REPLICATED_WITHIN_MS = 500;

function postgresOptions(settings: StoreSettings, code: StoreCode): PostgresOptions {
  const { database: url, schema, pooler, feedUrl, connections: most } = settings;
  const source = code.pool === undefined ? { url, most } : { pool: code.pool as Pool };
  return {
    ...{ ...source, schema, pooler },
    ...(feedUrl !== null && { feedUrl }),
    ...(code.clock !== undefined && { clock: code.clock }),
  };
}
