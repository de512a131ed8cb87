import { pbkdf2Sync } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { nameOf } from '../data/database.ts';
import { onFile } from '../data/place.ts';
import type { Bench } from '../harness/bench.ts';
import { asTime, type Figure, type Row } from '../harness/figure.ts';
import { rankTest, spreadOf } from '../harness/spread.ts';
import { postPattern } from '../load/connection.ts';
import type { Turns, TurnsAsked } from '../load/one-by-one.ts';
import { uncountedServer } from '../servers/environment.ts';
import { fill } from './fill.ts';

const KNOWN = nameOf(2);
const WITHOUT_PASSWORD = nameOf(3);
const SUSPENDED = nameOf(4);
const FROM_DJANGO = nameOf(5);

/** What Django 4.2 wrote, and its shops have. */
const ROUNDS_OF_PBKDF2 = 600_000;

export const refused: Row = {
  name: 'refused',
  title: 'How long a refused sign-in takes, by why it is refused',
  needsPeers: false,
  async measure(bench) {
    const { path } = await fill(bench, 100);
    change(path, [WITHOUT_PASSWORD], 'password_hash = NULL, password_scheme = NULL');
    change(path, [SUSPENDED], "state = 'suspended'");
    const plainStore = await measureKinds(bench, path, { kinds: own, rounds: bench.isQuick ? 24 : 400 });
    giveDjangoHash(path, FROM_DJANGO);
    const kinds = { ...own, [`a hash of Django’s (pbkdf2, ${ROUNDS_OF_PBKDF2} rounds)`]: FROM_DJANGO };
    const mixed = await measureKinds(bench, path, { kinds, rounds: bench.isQuick ? 8 : 64 });
    return [...figuresOf('', plainStore), ...figuresOf(', old hashes in the store', mixed)];
  },
};

const WRONG = 'wrong password';

/** The usernames that are tried, by why they are refused. */
const own: Readonly<Record<string, string>> = {
  [WRONG]: KNOWN,
  'no such account': 'nobody00#####0',
  'an account without a password': WITHOUT_PASSWORD,
  'a suspended account': SUSPENDED,
};

type Kinds = { readonly kinds: Readonly<Record<string, string>>; readonly rounds: number };

async function measureKinds(bench: Bench, path: string, { kinds, rounds }: Kinds): Promise<Turns> {
  const server = await bench.start('servers/latchkey.ts', { environment: uncountedServer(onFile(path)) });
  const client = await bench.start('load/one-by-one.ts');
  const requests = Object.fromEntries(Object.entries(kinds).map(([kind, name]) => [kind, requestOf(name)]));
  const run = (many: number): Promise<Turns> =>
    client.ask('run', { port: server.port, requests, rounds: many, expect: 400 } satisfies TurnsAsked);
  bench.progress.say(`refused: warming up, ${Object.keys(kinds).length} kinds`);
  await run(3);
  bench.progress.say(`refused: ${rounds} of each of ${Object.keys(kinds).length} kinds`);
  const turns = await run(rounds);
  await server.stop();
  await client.stop();
  return turns;
}

function requestOf(username: string): string {
  const { before, after } = postPattern(
    '/auth/login/',
    ['{"username":"', '","password":"wrong-enough"}'],
    username.length,
  );
  return before + username + after;
}

/** Times in blocks, each as its median: single requests lie too far apart to be held against each other. */
const BLOCKS = 8;

function figuresOf(where: string, turns: Turns): readonly Figure[] {
  const known = turns[WRONG] ?? [];
  const others = Object.entries(turns).filter(([kind]) => kind !== WRONG);
  return others.map(([kind, times]) => {
    const chance = rankTest(times, known).toPrecision(2);
    return asTime(`${kind}${where} (rank test: p = ${chance})`, 'ms', mediansOf(times), {
      against: WRONG,
      floor: mediansOf(known),
      goal: { within: 0.05 },
    });
  });
}

function mediansOf(times: readonly number[]): readonly number[] {
  const length = Math.ceil(times.length / BLOCKS);
  const starts = Array.from({ length: Math.ceil(times.length / length) }, (_, block) => block * length);
  return starts.map((start) => spreadOf(times.slice(start, start + length)).median);
}

function change(path: string, names: readonly string[], what: string): void {
  const db = new DatabaseSync(path);
  for (const name of names) db.prepare(`UPDATE account SET ${what} WHERE username = ?`).run(name);
  db.close();
}

function giveDjangoHash(path: string, username: string): void {
  const hash = pbkdf2Sync('tr1cky-enough', 'salt', ROUNDS_OF_PBKDF2, 32, 'sha256').toString('base64');
  const db = new DatabaseSync(path);
  db.prepare('UPDATE account SET password_hash = ?, password_scheme = ? WHERE username = ?').run(
    `pbkdf2_sha256$${ROUNDS_OF_PBKDF2}$salt$${hash}`,
    `pbkdf2_sha256$${ROUNDS_OF_PBKDF2}`,
    username,
  );
  db.close();
}
