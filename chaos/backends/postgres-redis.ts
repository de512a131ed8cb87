/** Accounts in PostgreSQL, sessions in Redis: no transaction holds both, and either may be gone without the other. */

import type { Backend } from './backend.ts';
import { postgresBackend } from './postgres.ts';
import { besideRedis } from './redis.ts';

export function postgresAndRedisBackend(): Backend {
  const { start, environment, faults, readKept, stop } = postgresBackend();
  const { 'store-restart': restart, 'store-pause': pause } = faults;
  return besideRedis('postgres-redis', {
    start,
    environment() {
      // Who hears of changes hears of them from Redis.
      const { LATCHKEY_DATABASE = '' } = environment(0);
      return { LATCHKEY_DATABASE };
    },
    faults: { ...(restart && { 'store-restart': restart }), ...(pause && { 'store-pause': pause }) },
    read: readKept,
    stop,
  });
}
