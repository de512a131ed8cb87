/** Looks at a server's settings before anything is kept there: what loses sessions by design is refused, what may is told. */
import { StoreUnavailable } from '../store.ts';
import type { Line } from './connection.ts';
import type { Servers } from './servers.ts';

const OLDEST_MAJOR = 7;

/** Warnings, each with its remedy. Throws where a server cannot be used as it is set. */
export async function checkServers(servers: Servers): Promise<readonly string[]> {
  const warnings: string[] = [];
  for (const { address } of servers.places()) {
    const line = servers.lineTo(address);
    if (line !== null) warnings.push(...(await checkServer(line, servers.isCluster)));
  }
  return warnings;
}

async function checkServer(line: Line, isCluster: boolean): Promise<readonly string[]> {
  const { address } = line;
  const info = infoOf(String(await line.send('INFO', [])));
  const version = info.get('redis_version') ?? '0';
  if (Number.parseInt(version, 10) < OLDEST_MAJOR)
    throw new StoreUnavailable(
      `Redis at ${address} is version ${version}: sessions want Redis ${OLDEST_MAJOR} or later, or Valkey.`,
    );
  if (!isCluster && info.get('cluster_enabled') === '1')
    throw new StoreUnavailable(`Redis at ${address} is a node of a Cluster: name it by redis+cluster://.`);
  if (info.get('role') === 'slave')
    throw new StoreUnavailable(
      `Redis at ${address} is a replica: name its primary, or Sentinels by redis+sentinel://.`,
    );

  const settings = await settingsOf(line);
  if (settings === null)
    return [
      `Redis at ${address} lets nobody look at its settings (CONFIG GET): see to it that maxmemory-policy is noeviction, that it persists (appendonly yes) and that min-replicas-to-write is set where it has replicas.`,
    ];
  const policy = settings.get('maxmemory-policy') ?? 'noeviction';
  if (policy !== 'noeviction' && settings.get('maxmemory') !== '0')
    throw new StoreUnavailable(
      `Redis at ${address} deletes live sessions and limits when its memory is full (maxmemory-policy ${policy}): CONFIG SET maxmemory-policy noeviction, and give it memory enough.`,
    );
  return warningsAbout(address, settings, Number(info.get('connected_slaves') ?? 0));
}

function warningsAbout(address: string, settings: ReadonlyMap<string, string>, replicas: number): readonly string[] {
  const warnings: string[] = [];
  const loss = lossAtCrash(settings);
  if (loss !== null) warnings.push(`Redis at ${address} ${loss}`);
  if (replicas > 0 && settings.get('min-replicas-to-write') === '0')
    warnings.push(
      `Redis at ${address} takes writes that no replica has (min-replicas-to-write 0): a failover can bring sessions back that had ended. CONFIG SET min-replicas-to-write 1.`,
    );
  return warnings;
}

/** What a crash undoes of what was answered, and the remedy; null where that is a second at most. */
function lossAtCrash(settings: ReadonlyMap<string, string>): string | null {
  if (settings.get('appendonly') === 'no') {
    return settings.get('save') === ''
      ? 'keeps nothing on its disk: when it restarts, everybody is signed out. CONFIG SET appendonly yes.'
      : 'keeps snapshots alone on its disk: a crash undoes what was answered since the last one, and keys that were displaced or signed out are good again. CONFIG SET appendonly yes.';
  }
  if (settings.get('appendfsync') !== 'no') return null;
  return 'leaves it to its machine when the disk has what it wrote: where that crashes, half a minute of what was answered may be undone. CONFIG SET appendfsync everysec, or always.';
}

const WANTED = ['maxmemory', 'maxmemory-policy', 'save', 'appendonly', 'appendfsync', 'min-replicas-to-write'];

/** The settings, or null where nobody may look at them, as with many who run Redis for others. */
async function settingsOf(line: Line): Promise<ReadonlyMap<string, string> | null> {
  try {
    const found = new Map<string, string>();
    for (const name of WANTED) {
      const [, value] = (await line.send('CONFIG', ['GET', name])) as readonly string[];
      if (value !== undefined) found.set(name, value);
    }
    return found;
  } catch (error) {
    if (error instanceof StoreUnavailable && !/NOPERM/.test(error.message)) throw error;
    return null;
  }
}

function infoOf(text: string): ReadonlyMap<string, string> {
  return new Map(
    text
      .split('\r\n')
      .map((entry) => entry.split(':', 2))
      .map(([name = '', value = '']) => [name, value] as const),
  );
}
