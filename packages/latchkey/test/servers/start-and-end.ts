/** Starts servers, tells their ports as a line of JSON, and ends as its argument says, without stopping any. */
import { startPgBouncer } from './pgbouncer.ts';
import { startPostgres } from './postgres.ts';
import { startRedis } from './redis.ts';

const [postgres, redis, paused] = await Promise.all([startPostgres(), startRedis(), startPostgres()]);
const pooler = await startPgBouncer(postgres.url);
await paused.pause();
console.log(JSON.stringify([postgres, redis, paused, pooler].map(({ port }) => port)));

const [ending] = process.argv.slice(2);
if (ending === 'throws') throw new Error('as it was told');
if (ending === 'is killed') setInterval(() => undefined, 1000);
