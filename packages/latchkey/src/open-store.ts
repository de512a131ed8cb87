import type { StoreSettings } from './resolve-settings.ts';
import type { Clock } from './stores/clock.ts';
import { sqliteStore } from './stores/sqlite/store.ts';
import type { Store } from './stores/store.ts';

/** Opens what the settings name. What one does not use is never loaded. */
export async function openStore(settings: StoreSettings, clock: Clock | undefined): Promise<Store> {
  return sqliteStore(settings.database.replace(/^sqlite:/, ''), clock);
}
