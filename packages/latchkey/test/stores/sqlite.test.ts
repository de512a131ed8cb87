import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { conformance, testClock } from 'latchkey/testing';
import { sqliteStore } from '../../src/stores/sqlite/store.ts';
import type { Store } from '../../src/stores/store.ts';

describe('F-38: SQLite keeps the contract of a store', () => {
  for (const { name, run } of conformance) {
    test(name, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'latchkey-'));
      const clock = testClock();
      const opened: Store[] = [];
      const connect = async (): Promise<Store> => {
        const store = sqliteStore(join(folder, 'test.db'), clock);
        opened.push(store);
        return store;
      };
      try {
        await run({ store: await connect(), clock, connect });
      } finally {
        for (const store of opened) await store.close();
        rmSync(folder, { recursive: true });
      }
    });
  }
});
