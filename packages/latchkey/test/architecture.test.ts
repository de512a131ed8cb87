import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, test } from 'node:test';

const SRC = new URL('../src/', import.meta.url).pathname;

/** The levels of ARCHITECTURE.md: what stands on one line may not know its neighbours, nor anything further down. */
const LEVELS: readonly (readonly string[])[] = [
  ['model', 'crypto', 'texts'],
  ['credentials', 'stores', 'mail'],
  ['sessions', 'resource'],
  ['flows'],
  ['jobs', 'http', 'moving'],
  ['pages'],
  ['.'],
  ['server', 'testing'],
  ['cli'],
];

type Import = { readonly from: string; readonly to: string; readonly names: string; readonly isType: boolean };

const STATEMENT = /^(?:import|export)\s+(type\s+)?(?:([\w*{}\s,$]+?)\s+from\s+)?'([^']+)';/gm;
const DYNAMIC = /\bimport\('([^']+)'\)/g;

function importsOf(file: string, source: string): readonly Import[] {
  const found = [
    ...[...source.matchAll(STATEMENT)].map(([, type, names = '', path = '']) => ({
      names,
      path,
      isType: type !== undefined,
    })),
    ...[...source.matchAll(DYNAMIC)].map(([, path = '']) => ({ names: '*', path, isType: false })),
  ];
  return found.map(({ names, path, isType }) => ({
    from: file,
    to: path.startsWith('.') ? normalize(join(dirname(file), path)) : path,
    names,
    isType,
  }));
}

const folderOf = (file: string): string => (file.includes('/') ? (file.split('/')[0] ?? '.') : '.');
const levelOf = (file: string): number => LEVELS.findIndex((names) => names.includes(folderOf(file)));

/** What an import breaks, in words, or null. */
function breach({ from, to, names, isType }: Import): string | null {
  if (!to.endsWith('.ts')) return null;
  const what = `${from} imports ${names.replaceAll(/\s+/g, ' ')} of ${to}`;
  const [at, of] = [levelOf(from), levelOf(to)];
  if (of > at) return `${what}, which stands below it`;
  if (of === at && folderOf(from) !== folderOf(to)) return `${what}, which is its neighbour`;
  const isStoreByType = ['stores/store.ts', 'stores/feed.ts'].includes(to) && isType;
  const knowsStoresByType = ['sessions', 'flows'].includes(folderOf(from));
  if (knowsStoresByType && to.startsWith('stores/') && !isStoreByType)
    return `${what}: of the stores it knows the port's types alone`;
  const has = (name: string): boolean => new RegExp(`\\b${name}\\b`).test(names);
  if (to === 'credentials/proof.ts' && has('prove') && folderOf(from) !== 'credentials')
    return `${what}: only credentials make proofs`;
  const opensDoor = to === 'sessions/admit.ts' && (has('admit') || has('admitImported'));
  if (opensDoor && from !== 'flows/complete-sign-in.ts') return `${what}: only complete-sign-in opens the door`;
  return null;
}

const files = globSync('**/*.ts', { cwd: SRC });
const sources = new Map(files.map((file) => [file, readFileSync(join(SRC, file), 'utf8')]));
const imports = [...sources].flatMap(([file, source]) => importsOf(file, source));

describe('the house stands as ARCHITECTURE.md says', () => {
  test('every folder has its level', () => {
    assert.deepEqual(
      files.filter((file) => levelOf(file) < 0),
      [],
    );
  });

  test('a folder imports itself and the levels above it, never a neighbour, never below', () => {
    assert.ok(imports.length > 300, `${imports.length} imports were read`);
    assert.deepEqual(
      imports.map(breach).filter((flaw) => flaw !== null),
      [],
    );
  });

  test('the rule is a rule: each breach of it is found', () => {
    const breaches: readonly (readonly [file: string, source: string])[] = [
      ['model/a.ts', "import { b } from '../crypto/b.ts';"],
      ['credentials/a.ts', "import type { Store } from '../stores/store.ts';"],
      ['sessions/a.ts', "import { flow } from '../flows/b.ts';"],
      ['flows/a.ts', "import { sqliteStore } from '../stores/sqlite/store.ts';"],
      ['flows/a.ts', "import { StoreUnavailable } from '../stores/store.ts';"],
      ['http/a.ts', "const { b } = await import('../pages/b.ts');"],
      ['http/a.ts', "export { b } from '../latchkey.ts';"],
      ['flows/a.ts', "import {\n  type Proof,\n  prove,\n} from '../credentials/proof.ts';"],
      ['flows/sign-in-with-password.ts', "import { admit } from '../sessions/admit.ts';"],
      ['server/a.ts', "import { b } from '../testing/b.ts';"],
    ];
    for (const [file, source] of breaches) {
      const [found] = importsOf(file, source);
      assert.ok(found !== undefined && breach(found) !== null, source);
    }
    const allowed = importsOf(
      'flows/complete-sign-in.ts',
      "import { admit, type Caller } from '../sessions/admit.ts';",
    );
    assert.deepEqual(allowed.map(breach), [null]);
  });

  test('a session row is inserted in one place, and that place is the door', () => {
    const inserting = [...sources].filter(([, source]) => /insertInto\('session'\)/.test(source)).map(([file]) => file);
    assert.deepEqual(inserting, ['stores/sql/sessions.ts']);
    const source = sources.get('stores/sql/sessions.ts') ?? '';
    assert.equal([...source.matchAll(/yield\* row\(run, insertSession\b/g)].length, 1, 'it runs in one place');
    assert.equal([...source.matchAll(/yield\* open\(/g)].length, 1, 'by the admission alone');
  });

  test('F-13: a session is begun in Redis by one script, which the admission alone runs', () => {
    const beginning = /redis\.call\('HSET'[^)]*\$\{FIELDS\.(?:id|accountId|sequence)\}/g;
    const scripts = [...sources].flatMap(([file, source]) => [...source.matchAll(beginning)].map(() => file));
    assert.deepEqual(scripts, ['stores/redis/scripts/admit.ts']);
    const running = [...sources].flatMap(([file, source]) => [...source.matchAll(/\bADMIT,/g)].map(() => file));
    assert.deepEqual(running, ['stores/redis/sessions.ts']);
  });

  test('F-13: who comes in is named here, and comes through complete-sign-in; the store’s admission is asked by the door alone', () => {
    const opening = ['completeSignIn', 'completeImport', 'completeImports', 'admit', 'admitImported'];
    const found = opening.map((name) => [
      name,
      imports
        .filter(({ names }) => new RegExp(`\\b${name}\\b`).test(names))
        .map(({ from }) => from)
        .toSorted(),
    ]);
    assert.deepEqual(Object.fromEntries(found), {
      completeSignIn: [
        'flows/choose-sessions.ts',
        'flows/register.ts',
        'flows/set-up-second-step.ts',
        'flows/show-second-step.ts',
        'flows/sign-in-by-mail.ts',
        'flows/sign-in-with-passkey.ts',
        'flows/sign-in-with-password.ts',
        'flows/sign-in-with-provider.ts',
        'flows/wait-for-approval.ts',
      ],
      completeImport: ['flows/adopt-token.ts'],
      completeImports: ['flows/administer.ts', 'moving/import-accounts.ts'],
      admit: ['flows/complete-sign-in.ts'],
      admitImported: ['flows/complete-sign-in.ts'],
    });
    const asking = [...sources]
      .filter(([, source]) => /\bsessions\.admit(?:All)?\(/.test(source))
      .map(([file]) => file);
    assert.deepEqual(asking.toSorted(), [
      'sessions/admit.ts',
      'stores/apart/store.ts',
      'testing/conformance/account-ends.ts',
      'testing/conformance/addresses.ts',
      'testing/conformance/admissions.ts',
      'testing/conformance/approvals.ts',
      'testing/conformance/credentials.ts',
      'testing/conformance/defence.ts',
      'testing/conformance/devices.ts',
      'testing/conformance/imports.ts',
      'testing/conformance/limits.ts',
      'testing/conformance/passwords.ts',
      'testing/conformance/reading.ts',
      'testing/conformance/tellings.ts',
      'testing/conformance/world.ts',
    ]);
  });

  test('node:sqlite is imported by the store, and by what reads the database of somebody else', () => {
    const users = imports.filter(({ to }) => to === 'node:sqlite').map(({ from }) => from);
    assert.deepEqual(users.toSorted(), [
      'moving/sources/sqlite.ts',
      'stores/sqlite/checkpoint-thread.ts',
      'stores/sqlite/database.ts',
    ]);
  });

  test('nothing is called utils, helpers, common, shared, misc, manager, service or base', () => {
    const drawers = /(?:^|\/)(?:utils?|helpers?|common|shared|misc|managers?|services?|base)(?:\/|\.ts$)/;
    assert.deepEqual(
      files.filter((file) => drawers.test(file)),
      [],
    );
  });
});
