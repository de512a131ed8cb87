/** What is published: built, packed, and put into a project of its own, where nothing of this repository can be reached. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);
const HERE = join(import.meta.dirname, '../..');
const MODULES = join(HERE, '../../node_modules');
const TSC = join(MODULES, 'typescript/bin/tsc');

type Manifest = {
  readonly version: string;
  readonly bin: { readonly latchkey: string };
  readonly exports: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly dependencies: Readonly<Record<string, string>>;
};

const manifest = JSON.parse(readFileSync(join(HERE, 'package.json'), 'utf8')) as Manifest;

/** What a host writes: `latchkey`, `latchkey/node` and so on. */
const subpaths = Object.keys(manifest.exports).map((path) => path.replace(/^\./, 'latchkey'));

const folder = mkdtempSync(join(tmpdir(), 'latchkey-'));
/** The project of somebody who has installed the package. */
const host = join(folder, 'host');
const installed = join(host, 'node_modules/latchkey');
let files: readonly string[] = [];

before(async () => {
  const staged = join(folder, 'staged');
  mkdirSync(staged, { recursive: true });
  cpSync(join(HERE, 'package.json'), join(staged, 'package.json'));
  const build = ['-p', join(HERE, 'tsconfig.build.json'), '--outDir', join(staged, 'dist')];
  await run(process.execPath, [TSC, ...build]);
  await run('npm', ['pack', '--ignore-scripts', '--loglevel=error'], { cwd: staged });
  await run('tar', ['-xzf', globSync(join(staged, '*.tgz'))[0] ?? assert.fail('nothing was packed'), '-C', folder]);
  mkdirSync(dirname(installed), { recursive: true });
  cpSync(join(folder, 'package'), installed, { recursive: true });
  for (const name of Object.keys(manifest.dependencies)) link(name);
  writeFileSync(join(host, 'package.json'), '{ "type": "module" }');
  files = globSync('**/*', { cwd: installed, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(installed.length + 1));
});

after(() => rmSync(folder, { recursive: true, force: true }));

function link(name: string): void {
  const at = join(host, 'node_modules', name);
  mkdirSync(dirname(at), { recursive: true });
  symlinkSync(join(MODULES, name), at);
}

/** A program in that project, by a plain Node. */
async function node(...given: readonly string[]): Promise<string> {
  const { stdout } = await run(process.execPath, given, { cwd: host, env: { PATH: process.env['PATH'] } });
  return stdout.trim();
}

async function runProgram(source: string): Promise<string> {
  const path = join(host, 'program.js');
  writeFileSync(path, source);
  return await node(path);
}

describe('the package', () => {
  test('has what was compiled, and no sources and no tests', () => {
    const others = files.filter((file) => !/^(?:dist\/.+\.(?:js|d\.ts)|package\.json|README\.md|LICENSE)$/.test(file));
    assert.deepEqual(others, []);
    assert.deepEqual(
      files.filter((file) => file.includes('.test.') || file.startsWith('src/') || file.startsWith('test/')),
      [],
    );
    const modules = globSync('**/*.ts', { cwd: join(HERE, 'src') }).map((file) => `dist/${file.replace(/ts$/, 'js')}`);
    assert.deepEqual(files.filter((file) => file.endsWith('.js')).sort(), modules.sort());
  });

  test('has a file for each path that it promises', () => {
    for (const [path, { source: _, ...promised }] of Object.entries(manifest.exports)) {
      assert.deepEqual(Object.keys(promised), ['types', 'default'], path);
      for (const file of Object.values(promised)) assert.ok(existsSync(join(installed, file)), `${path}: ${file}`);
    }
  });

  test('declares each dependency that it imports, and no other', () => {
    const imported = files.flatMap((file) => {
      const text = readFileSync(join(installed, file), 'utf8');
      return [...text.matchAll(/(?:\bfrom|\bimport|\bimport\()\s*['"]([^'"\n]+)['"]\)?;?$/gm)].map(
        ([, name]) => name ?? '',
      );
    });
    const names = imported
      .filter((name) => !name.startsWith('.') && !name.startsWith('node:'))
      .map((name) =>
        name
          .split('/')
          .slice(0, name.startsWith('@') ? 2 : 1)
          .join('/'),
      );
    assert.deepEqual([...new Set(names)].sort(), Object.keys(manifest.dependencies).sort());
  });

  for (const subpath of subpaths) {
    test(`gives plain JavaScript what ${subpath} has`, async () => {
      const shown = `console.log(Object.keys(await import('${subpath}')).join())`;
      const source = await import(subpath);
      assert.equal(await runProgram(shown), Object.keys(source).sort().join());
    });
  }

  test('signs somebody in, from plain JavaScript over HTTP', async () => {
    const program = `
      import { createServer } from 'node:http';
      import { latchkey } from 'latchkey';
      import { nodeHandler } from 'latchkey/node';
      const auth = await latchkey({ database: 'sqlite::memory:', mail: { smtpUrl: 'none' } });
      await auth.accounts.create({ username: 'ann', password: 'correct horse 9!' });
      const server = createServer(nodeHandler(auth)).listen(0, '127.0.0.1', async () => {
        const body = new URLSearchParams({ username: 'ann', password: 'correct horse 9!' });
        const url = 'http://127.0.0.1:' + server.address().port + '/auth/login/';
        const { key } = await (await fetch(url, { method: 'POST', body })).json();
        const who = await auth.authenticate({ authorization: 'Token ' + key });
        console.log(who.signedIn, who.account.id);
        server.close();
        server.closeAllConnections();
        await auth.close();
      });`;
    assert.equal(await runProgram(program), 'true 1');
  });

  test('has a command that says its version, and that works on a database', async () => {
    const command = join(installed, manifest.bin.latchkey);
    assert.match(readFileSync(command, 'utf8'), /^#!\/usr\/bin\/env node\n/);
    assert.equal(await node(command, '--version'), manifest.version);
    assert.equal(await node(command, 'migrate'), 'The database is up to date.');
    assert.ok(existsSync(join(host, 'latchkey.db')));
  });

  for (const [module, moduleResolution] of [
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ]) {
    test(`has types for a host that compiles with ${moduleResolution}, and each of them is complete`, async () => {
      for (const name of ['@types/node', 'undici-types']) if (!existsSync(join(host, 'node_modules', name))) link(name);
      writeFileSync(join(host, 'host.ts'), TYPED_HOST);
      const config = {
        compilerOptions: { module, moduleResolution, target: 'es2024', strict: true, noEmit: true, types: ['node'] },
        files: ['host.ts', ...files.filter((file) => file.endsWith('.d.ts')).map((file) => join(installed, file))],
      };
      writeFileSync(join(host, 'tsconfig.json'), JSON.stringify(config));
      const outcome = await run(process.execPath, [TSC, '-p', host]).catch((error: { stdout: string }) => error);
      assert.equal(outcome.stdout, '');
    });
  }
});

/** Compiles only where the types of each path are there, and say what they should. */
const TYPED_HOST = `
  import { createServer } from 'node:http';
  import { latchkey, type LatchkeyEvent, type SignedIn } from 'latchkey';
  import { nodeHandler } from 'latchkey/node';
  import { type Resource, resource } from 'latchkey/resource';
  import { linkIn, testLatchkey } from 'latchkey/testing';

  const auth = await latchkey({ sessions: { limit: 2 }, onEvent: (event: LatchkeyEvent) => void event.type });
  createServer(nodeHandler(auth));
  const who = await auth.authenticate({ authorization: 'Token x' });
  const id: number | string = who.signedIn ? who.account.id : who.code;
  export const signal = (given: SignedIn): AbortSignal => given.signal;
  const { clock, mailbox } = await testLatchkey();
  clock.advance(id === 1 ? 1 : 2);
  linkIn(mailbox.mails[0]);
  const tokens: Resource = await resource({ issuer: 'https://id.example', endingsSecret: 'x' });
  tokens.close();
  // @ts-expect-error: they are types, not \`any\`
  export const wrong: number = auth;
  // @ts-expect-error: one of few words
  await latchkey({ accounts: { registration: 'some' } });
`;
