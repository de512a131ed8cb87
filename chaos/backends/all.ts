import type { Backend } from './backend.ts';
import { postgresBackend } from './postgres.ts';
import { postgresAndRedisBackend } from './postgres-redis.ts';
import { redisBackend } from './redis.ts';
import { redisClusterBackend } from './redis-cluster.ts';
import { sqliteBackend } from './sqlite.ts';

/** Every store that a run can be on, by its name. */
export const backends: Readonly<Record<string, () => Backend>> = {
  sqlite: sqliteBackend,
  postgres: postgresBackend,
  redis: redisBackend,
  'postgres-redis': postgresAndRedisBackend,
  'redis-cluster': () =>
    redisClusterBackend({ disk: 'always', isReplicaWanted: false, isReplicaWaitedFor: false, failsOver: false }),
};
