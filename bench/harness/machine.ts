import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, availableParallelism, cpus, loadavg, platform, totalmem } from 'node:os';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';

/** What has to be known to read the figures. */
export type Machine = {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly system: string;
  /** How busy the machine was when the run began: runnable threads over the last minute. */
  readonly load: number;
  readonly versions: Readonly<Record<string, string>>;
};

const LATCHKEY = new URL('../../packages/latchkey/package.json', import.meta.url);
const BENCH = new URL('../package.json', import.meta.url);

const SHOWN: readonly (readonly [name: string, from: URL])[] = [
  ['hono', LATCHKEY],
  ['@hono/node-server', LATCHKEY],
  ['@node-rs/argon2', LATCHKEY],
  ['better-auth', BENCH],
  ['express', BENCH],
  ['express-session', BENCH],
  ['better-sqlite3', BENCH],
  ['better-sqlite3-session-store', BENCH],
];

export function machine(): Machine {
  const database = new DatabaseSync(':memory:');
  const sqlite = String(database.prepare('SELECT sqlite_version() AS version').get()?.['version']);
  database.close();
  const installed = SHOWN.map(([name, from]) => [name, versionOf(name, from)] as const);
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${arch()}`,
    load: loadavg()[0] ?? 0,
    versions: {
      node: process.versions.node,
      sqlite,
      latchkey: versionIn(LATCHKEY),
      ...Object.fromEntries(installed.filter(([, version]) => version !== null)),
    },
  };
}

/** The version that a manifest's modules get; null where it is not installed. */
function versionOf(name: string, from: URL): string | null {
  const folders = createRequire(from).resolve.paths(name) ?? [];
  const manifest = folders.map((folder) => `${folder}/${name}/package.json`).find((path) => existsSync(path));
  return manifest === undefined ? null : versionIn(pathToFileURL(manifest));
}

function versionIn(manifest: URL): string {
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { readonly version: string }).version;
}
