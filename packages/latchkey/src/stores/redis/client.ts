import type { RedisOptions as ClientOptions } from 'ioredis';
import { CLIENT_OPTIONS, type Client, type ReplicaWait } from './connection.ts';
import type { Endpoint, Target } from './target.ts';

export type ConnectionOptions = {
  /** For `rediss`, as Node's `tls.connect` takes it. */
  readonly tls?: ClientOptions['tls'];
  /** What Sentinels ask for, where they ask. */
  readonly sentinel?: { readonly username?: string; readonly password: string };
  readonly wait?: ReplicaWait;
};

/** How a client to one endpoint, or to the primary, is made. */
export type ClientFactory = (endpoint: Endpoint | null, more: ClientOptions) => Client;

const REMEDY = 'Redis is named, and its client is missing: npm install ioredis';

/** Loads the client of Redis, which only a host that names one has. */
export async function clientFactory(target: Target, options: ConnectionOptions): Promise<ClientFactory> {
  const { Redis } = await import('ioredis').catch((cause: unknown) => {
    throw new Error(REMEDY, { cause });
  });
  const tls = target.isTls ? { tls: options.tls ?? {} } : {};
  const common: ClientOptions = {
    ...CLIENT_OPTIONS,
    ...tls,
    ...(target.username !== null && { username: target.username }),
    ...(target.password !== null && { password: target.password }),
    db: target.database,
  };
  const sentinels: ClientOptions =
    target.kind !== 'sentinel'
      ? {}
      : {
          sentinels: target.endpoints.map(({ host, port }) => ({ host, port })),
          name: target.primaryName ?? '',
          role: 'master',
          failoverDetector: true,
          sentinelCommandTimeout: 1000,
          ...(target.isTls && { enableTLSForSentinelMode: true, sentinelTLS: options.tls ?? {} }),
          ...(options.sentinel?.username !== undefined && { sentinelUsername: options.sentinel.username }),
          ...(options.sentinel !== undefined && { sentinelPassword: options.sentinel.password }),
        };
  return (endpoint, more) => {
    const where: ClientOptions = endpoint === null ? sentinels : { host: endpoint.host, port: endpoint.port };
    return new Redis({ ...common, ...where, ...more, replyMapping: 'legacy' });
  };
}
