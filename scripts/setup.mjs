// Runs on any Node >= 18 (plain JS): makes node_modules match package-lock.json, once.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';

process.chdir(new URL('..', import.meta.url).pathname);
const want =
  createHash('sha256').update(readFileSync('package-lock.json')).digest('hex') +
  ` ${process.platform}-${process.arch}\n`;
const stamp = 'node_modules/.latchkey-setup';
const bin = 'node_modules/.bin/node';
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== want || !existsSync(bin)) {
  // the npm that called us, on the node it runs on: never the node that `npm ci` is about to delete
  const { npm_execpath: cli, npm_node_execpath: host } = process.env;
  const [cmd, args] = cli && host ? [host, [cli]] : ['npm', []];
  const r = spawnSync(cmd, [...args, 'ci', '--no-audit', '--no-fund', '--loglevel=error'], { stdio: 'inherit' });
  if (r.status !== 0) process.exit(r.status ?? 1);
  if (!existsSync(bin)) {
    // npm 10 drops the link when a sibling platform package is skipped
    const os =
      { darwin: process.arch === 'arm64' ? 'bin-darwin' : 'darwin', win32: 'win' }[process.platform] ??
      process.platform;
    symlinkSync(`../node-${os}-${process.arch}/bin/node`, bin);
  }
  writeFileSync(stamp, want);
}
