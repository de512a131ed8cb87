/** What is kept in Redis, as records. */
import { Redis } from 'ioredis';
import { FIELDS } from '../../packages/latchkey/src/stores/redis/records.ts';
import type { KeptSession } from '../history.ts';
import { operationAt } from '../place.ts';

/** A connection of the driver's own, for a moment. */
export async function asking<T>(url: string, ask: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url, { lazyConnect: true });
  await client.connect();
  try {
    return await ask(client);
  } finally {
    client.disconnect();
  }
}

/** All sessions that a server keeps, read past the nodes. */
export async function keptSessions(client: Redis): Promise<readonly KeptSession[]> {
  const [seconds = '0'] = (await client.call('TIME')) as readonly string[];
  const found: KeptSession[] = [];
  for (let cursor: string | null = '0'; cursor !== null; ) {
    const page: readonly [string, readonly string[]] = await client.scan(cursor, 'MATCH', 'lk:{*}:s:*', 'COUNT', 1000);
    const rows = await Promise.all(page[1].map(async (key) => ({ key, row: await client.hgetall(key) })));
    found.push(...rows.map(({ key, row }) => sessionKept(key, row, Number(seconds) * 1000)));
    cursor = page[0] === '0' ? null : page[0];
  }
  return found;
}

function sessionKept(key: string, row: Readonly<Record<string, string>>, now: number): KeptSession {
  const field = (name: keyof typeof FIELDS): string | null => row[FIELDS[name]] ?? null;
  return {
    op: 'kept-session',
    account: Number(field('accountId')),
    session: field('id') ?? '',
    token: Buffer.from(key.slice(key.lastIndexOf(':') + 1), 'base64url').toString('hex'),
    sequence: Number(field('sequence')),
    revision: Number(field('openedRevision')),
    device: field('deviceId'),
    opener: operationAt(field('place')),
    isLive: field('endedAt') === null && Number(field('expiresAt')) > now,
    reason: field('endedReason'),
    endedBy: field('endedBy'),
  };
}
