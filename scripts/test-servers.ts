/**
 * Sees to the servers that tests start, and to a whole Chromium, before they do: what is missing is installed where that may be
 * done, by root with apt-get, and started by nobody. Elsewhere it is told what is missing and how to get it, and the tests that need it are skipped.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { noWholeChromium } from '../packages/latchkey/test/browser/chromium.ts';
import { available as django, PACKAGES } from '../packages/latchkey/test/moving/site.ts';
import { available as pgbouncer } from '../packages/latchkey/test/servers/pgbouncer.ts';
import { available as postgres } from '../packages/latchkey/test/servers/postgres.ts';
import { available as redis } from '../packages/latchkey/test/servers/redis.ts';

/** Debian's and Ubuntu's packages of each, and why the tests cannot have it. */
const SERVERS = [
  [['postgresql'], postgres],
  [['redis-server'], redis],
  [['pgbouncer'], pgbouncer],
  [['chromium'], noWholeChromium],
  [PACKAGES, django],
] as const;

const missing = (): readonly (readonly [names: readonly string[], reason: string])[] =>
  SERVERS.flatMap(([names, available]) => {
    const reason = available();
    return reason === null ? [] : [[names, reason] as const];
  });

const APT = '/usr/bin/apt-get';
const mayInstall = process.getuid?.() === 0 && existsSync(APT);

const wanted = missing().flatMap(([names]) => names);
if (wanted.length > 0 && mayInstall) install(wanted);
for (const [, reason] of missing()) console.log(`What needs it is skipped: ${reason}`);

function install(packages: readonly string[]): void {
  console.log(`Installing ${packages.join(', ')} for the tests`);
  withoutStarting(() => {
    const ask = ['install', '--yes', '--no-install-recommends', ...packages];
    // the lists may be missing or old
    const failure = apt(ask) === null ? null : (apt(['update']) ?? apt(ask));
    if (failure !== null) console.log(failure);
  });
}

/** Null, or the end of what it said when it failed. */
function apt(args: readonly string[]): string | null {
  const { status, stdout, stderr } = spawnSync(APT, ['-q', '-o', 'DPkg::Lock::Timeout=120', ...args], {
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  if (status === 0) return null;
  return [`apt-get ${args.join(' ')} failed:`, ...`${stdout}${stderr}`.trim().split('\n').slice(-10)].join('\n');
}

/** Packages ask this program whether they may start their services: 101 is no. */
function withoutStarting(run: () => void): void {
  const policy = '/usr/sbin/policy-rc.d';
  const isOurs = !existsSync(policy);
  if (isOurs) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    run();
  } finally {
    if (isOurs) rmSync(policy);
  }
}
