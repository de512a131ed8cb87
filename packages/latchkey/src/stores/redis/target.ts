/** Where Redis is, as a URL says it. */

export type Endpoint = { readonly host: string; readonly port: number };

export type Target = {
  readonly kind: 'alone' | 'sentinel' | 'cluster';
  /** Servers that are asked first: the one, the Sentinels, some nodes of the Cluster. */
  readonly endpoints: readonly [Endpoint, ...Endpoint[]];
  readonly isTls: boolean;
  readonly username: string | null;
  readonly password: string | null;
  /** Always 0 in a Cluster, which has no other. */
  readonly database: number;
  /** What Sentinels call the primary, else null. */
  readonly primaryName: string | null;
};

const URL_PARTS = /^(rediss?)(?:\+(sentinel|cluster))?:\/\/(?:([^@/]*)@)?([^@/?#]+)(?:\/([^?#]*))?$/;
const PORTS = { alone: 6379, cluster: 6379, sentinel: 26_379 } as const;

const FORMS =
  'redis://HOST:PORT, redis+sentinel://HOST:PORT,HOST:PORT/PRIMARY-NAME or redis+cluster://HOST:PORT,HOST:PORT, with USER:PASSWORD@ before the hosts, /DATABASE after them where there is a choice, and rediss for TLS';

/** Reads a URL; a `TypeError` says what is wrong with it without repeating it, as it may hold a password. */
export function targetOf(url: string): Target {
  const parts = URL_PARTS.exec(url);
  if (parts === null) throw wrong('it has another form');
  const [, scheme, deployment, credentials = '', hosts = '', path = ''] = parts;
  const kind = deployment === 'sentinel' || deployment === 'cluster' ? deployment : 'alone';
  const endpoints = hosts.split(',').map((text) => endpointOf(text, PORTS[kind]));
  const [first, ...more] = endpoints;
  if (first === undefined) throw wrong('it names no host');
  if (kind === 'alone' && more.length > 0)
    throw wrong('several hosts are Sentinels or a Cluster, and it does not say which');
  const [primaryName, database] = pathOf(kind, path);
  return {
    kind,
    endpoints: [first, ...more],
    isTls: scheme === 'rediss',
    ...credentialsOf(credentials),
    database,
    primaryName,
  };
}

function wrong(why: string): TypeError {
  return new TypeError(`The URL of Redis cannot be used: ${why}. It is to be ${FORMS}.`);
}

function endpointOf(text: string, fallback: number): Endpoint {
  const parts = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/i.exec(text);
  const port = Number(parts?.[2] ?? fallback);
  if (parts?.[1] === undefined || port < 1 || port > 65_535) throw wrong('a host or its port is none');
  return { host: parts[1].replaceAll(/[[\]]/g, ''), port };
}

function credentialsOf(text: string): Pick<Target, 'username' | 'password'> {
  const colon = text.indexOf(':');
  const [user, password] = colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
  if (user !== '' && password === '') throw wrong('a user is named and no password (a password alone is :PASSWORD@)');
  return { username: decoded(user) || null, password: decoded(password) || null };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw wrong('what stands before the @ is not percent-encoded');
  }
}

function pathOf(kind: Target['kind'], path: string): readonly [primaryName: string | null, database: number] {
  const [first = '', second = '', ...more] = path.split('/');
  const [name, database] = kind === 'sentinel' ? [decoded(first), second] : [null, first];
  if (name === '') throw wrong('Sentinels are asked for a primary by its name, which is missing');
  if (more.length > 0 || (kind !== 'sentinel' && second !== '') || !/^\d{0,4}$/.test(database))
    throw wrong('what follows the hosts is no database');
  if (kind === 'cluster' && Number(database) !== 0) throw wrong('a Cluster has database 0 alone');
  return [name, Number(database)];
}

/** An endpoint as people write it. */
export function addressOf({ host, port }: Endpoint): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
