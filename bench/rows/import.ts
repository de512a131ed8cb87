import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Bench } from '../harness/bench.ts';
import { type Figure, plain, type Row } from '../harness/figure.ts';

const ROW = 'import';
const MAIN = new URL('../../packages/latchkey/src/cli/main.ts', import.meta.url).pathname;
const LOOK_EVERY_MS = 100;

export const imports: Row = {
  name: ROW,
  title: 'Bringing users along from a Django database, each with a key and a verified address, into SQLite',
  needsPeers: false,
  async measure(bench) {
    const count = bench.isQuick ? 20_000 : 1_000_000;
    const site = join(bench.folder, 'site.db');
    bench.progress.say(`${ROW}: making ${count} users`);
    makeSite(site, count);
    const users = count.toLocaleString('en');
    const first = await run(bench, site, `bringing ${users} along`);
    const again = await run(bench, site, 'looking again');
    return [
      ...figuresOf(`${users} users, the first time`, first, { measuredAtMost: 600_000 }),
      ...figuresOf(`${users} users, again, with nothing changed`, again, { measuredAtMost: 600_000 }),
    ];
  },
};

function figuresOf(what: string, { ms, megabytes }: Ran, goal: { measuredAtMost: number }): readonly Figure[] {
  return [
    plain(what, 'ms', [ms], goal),
    ...(megabytes === null
      ? []
      : [plain(`${what}: most memory at a time`, 'MB', [megabytes], { measuredAtMost: 300 })]),
  ];
}

type Ran = { readonly ms: number; readonly megabytes: number | null };

async function run(bench: Bench, site: string, what: string): Promise<Ran> {
  bench.progress.say(`${ROW}: ${what}`);
  const begun = performance.now();
  const child = spawn(process.execPath, ['--conditions=source', MAIN, 'import', 'django', '--from', `sqlite:${site}`], {
    env: { PATH: process.env['PATH'], LATCHKEY_DATABASE: `sqlite:${join(bench.folder, 'latchkey.db')}` },
    stdio: 'ignore',
  });
  let megabytes: number | null = null;
  const timer = setInterval(() => {
    megabytes = mostOf(child.pid) ?? megabytes;
  }, LOOK_EVERY_MS);
  const [status] = await once(child, 'exit');
  clearInterval(timer);
  if (status !== 0) throw new Error(`The import ended with ${status}.`);
  return { ms: performance.now() - begun, megabytes };
}

/** The most memory that a process has had at a time, where the system tells. */
function mostOf(pid: number | undefined): number | null {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return kilobytes === undefined ? null : (Number(kilobytes) * 1024) / 1e6;
  } catch {
    return null;
  }
}

/** As Django, REST framework and allauth make these tables. */
const SCHEMA = `
  CREATE TABLE auth_user (id integer PRIMARY KEY AUTOINCREMENT, password varchar(128) NOT NULL, last_login datetime,
    is_superuser bool NOT NULL, username varchar(150) NOT NULL UNIQUE, first_name varchar(150) NOT NULL,
    last_name varchar(150) NOT NULL, email varchar(254) NOT NULL, is_staff bool NOT NULL, is_active bool NOT NULL,
    date_joined datetime NOT NULL);
  CREATE TABLE authtoken_token (key varchar(40) PRIMARY KEY, created datetime NOT NULL, user_id integer NOT NULL UNIQUE);
  CREATE TABLE account_emailaddress (id integer PRIMARY KEY AUTOINCREMENT, email varchar(254) NOT NULL UNIQUE,
    verified bool NOT NULL, "primary" bool NOT NULL, user_id integer NOT NULL);
  CREATE INDEX account_emailaddress_user ON account_emailaddress (user_id);
`;

const HASH = `pbkdf2_sha256$260000$${'s'.repeat(22)}$${Buffer.alloc(32, 7).toString('base64')}`;

function makeSite(path: string, count: number): void {
  const db = new DatabaseSync(path);
  db.exec(`PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; ${SCHEMA}; BEGIN`);
  const user = db.prepare(
    "INSERT INTO auth_user VALUES (?, ?, NULL, 0, ?, 'Ann', 'Example', ?, 0, 1, '2024-01-02 03:04:05.678901')",
  );
  const token = db.prepare("INSERT INTO authtoken_token VALUES (?, '2024-01-02 03:04:05', ?)");
  const address = db.prepare('INSERT INTO account_emailaddress VALUES (?, ?, 1, 1, ?)');
  for (let number = 1; number <= count; number++) {
    user.run(number, HASH, `user${number}`, `user${number}@shop.test`);
    token.run(number.toString(16).padStart(40, '0'), number);
    address.run(number, `user${number}@shop.test`, number);
  }
  db.exec('COMMIT');
  db.close();
}
