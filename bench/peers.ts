/** Installs what Latchkey is measured against, once: its packages are nobody else's business. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const HERE = new URL('./', import.meta.url).pathname;
const STAMP = `${HERE}node_modules/.latchkey-setup`;

/** Makes `bench/node_modules` match `bench/package-lock.json`. Throws where that cannot be done. */
export function installPeers(say: (what: string) => void): void {
  const lock = createHash('sha256')
    .update(readFileSync(`${HERE}package-lock.json`))
    .digest('hex');
  const want = `${lock} ${process.platform}-${process.arch}\n`;
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === want) return;
  say('installing what it is measured against');
  // The npm that called us, on the node that it runs on.
  const { npm_execpath: cli, npm_node_execpath: host } = process.env;
  const [command, args] = cli !== undefined && host !== undefined ? [host, [cli]] : ['npm', []];
  const options = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const { status } = spawnSync(command, [...args, ...options], { cwd: HERE, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) {
    throw new Error(
      'The packages in bench/package.json could not be installed. Rows that do without them can be named.',
    );
  }
  writeFileSync(STAMP, want);
}
