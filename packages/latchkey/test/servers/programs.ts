/** The servers' programs on this machine: where they are, how old they are, and as whom they run. */
import { execFileSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { join } from 'node:path';

export type Program = {
  /** The folder that it and its companions are in. */
  readonly folder: string;
  readonly path: string;
  /** Such as `15.18` or `7.0.15`. */
  readonly version: string;
};

export type Wanted = {
  readonly name: string;
  /** Folders to look into before PATH; `*` stands for any part of a name. */
  readonly folders: readonly string[];
  readonly oldestMajor: number;
};

const majorOf = (version: string): number => Number.parseInt(version, 10);

function versionOf(path: string): string | null {
  try {
    const said = execFileSync(path, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return /\d+(?:\.\d+)+/.exec(said)?.[0] ?? null;
  } catch {
    return null;
  }
}

/** Every such program on this machine, the newest first. */
function programs({ name, folders }: Wanted): readonly Program[] {
  const onPath = (process.env['PATH'] ?? '').split(':').filter((folder) => folder !== '');
  const places = new Set([...folders.flatMap((pattern) => globSync(pattern)), ...onPath, '/usr/sbin']);
  return [...places]
    .map((folder) => ({ folder, path: join(folder, name) }))
    .filter(({ path }) => existsSync(path))
    .map((place) => ({ ...place, version: versionOf(place.path) }))
    .filter((place): place is Program => place.version !== null)
    .sort((one, other) => other.version.localeCompare(one.version, 'en', { numeric: true }));
}

/** The newest such program on this machine, or why it cannot be used. */
export function find(wanted: Wanted): Program | string {
  if (process.platform === 'win32') return `${wanted.name} is not started on Windows`;
  const [newest] = programs(wanted);
  if (newest === undefined) return `no ${wanted.name} on this machine`;
  if (majorOf(newest.version) < wanted.oldestMajor)
    return `${newest.path} is version ${newest.version}, and ${wanted.oldestMajor} or later is wanted`;
  return newest;
}

/** The user that servers run as where root runs the tests: PostgreSQL refuses to be root. Null: as whoever runs the tests. */
export function unprivilegedUser(): { readonly uid: number; readonly gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  for (const name of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = ['-u', '-g'].map((what) =>
        Number(execFileSync('id', [what, name], { stdio: ['ignore', 'pipe', 'ignore'] })),
      );
      if (uid !== undefined && gid !== undefined) return { uid, gid };
    } catch {
      // no such user: the next
    }
  }
  throw new Error('Root runs the tests, and there is no user that servers could run as: add a user `nobody`');
}

/** How one gets it, on this kind of machine. */
export function remedy({ debian, homebrew }: { readonly debian: string; readonly homebrew: string }): string {
  return process.platform === 'darwin' ? `brew install ${homebrew}` : `apt-get install ${debian}`;
}
