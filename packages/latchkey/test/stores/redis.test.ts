import { after, describe, test } from 'node:test';
import { available, openRedis } from '../servers/redis.ts';
import { cases } from './redis-cases.ts';
import { withWorld } from './redis-parts.ts';

const missing = available();

describe('Redis stand-alone keeps sessions', { skip: missing ?? false }, async () => {
  if (missing !== null) return;
  const server = await openRedis();
  after(() => server.stop());
  for (const [name, run] of Object.entries(cases)) test(name, () => withWorld(server.freshPrefix(), run));
});
