/** Compiles every statement of the SQL stores to text. `--check` only says whether the text that is there is true. */
import { readFileSync, writeFileSync } from 'node:fs';
import { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely';
import type { Schema } from '../packages/latchkey/src/stores/sql/schema.ts';
import { type Build, definitions } from '../packages/latchkey/src/stores/sql/statement.ts';
import '../packages/latchkey/src/stores/sqlite/store.ts';

const target = new URL('../packages/latchkey/src/stores/sql/compiled-sqlite.ts', import.meta.url);

/** Stands for a value that is given when the statement runs. */
class Argument {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

const builder = new Kysely<Schema>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
});

const anyArgument = new Proxy({}, { get: (_, name) => new Argument(String(name)) }) as never;

function compile(build: Build): string {
  const { sql, parameters } = build(builder, anyArgument).compile();
  const listed = parameters.map((parameter) =>
    parameter instanceof Argument ? `{ arg: '${parameter.name}' }` : `{ constant: ${literal(parameter)} }`,
  );
  return `{\n    sql: '${sql}',\n    parameters: [${listed.join(', ')}],\n  }`;
}

function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : JSON.stringify(value);
}

/** The module's text, as it should be. */
export function compiledModule(): string {
  const statements = [...definitions].map(([name, build]) => `  '${name}': ${compile(build)},`);
  return [
    '/** Every statement as SQLite runs it. Made by `npm run sql` from the statements beside it: change those. */',
    "import type { Compiled } from './statement.ts';",
    '',
    'export const compiled: Readonly<Record<string, Compiled>> = {',
    ...statements,
    '};',
    '',
  ].join('\n');
}

if (import.meta.main) {
  const text = compiledModule();
  if (process.argv.includes('--check')) {
    const isTrue = readFileSync(target, 'utf8') === text;
    if (!isTrue) console.error('compiled-sqlite.ts is not what the statements say: run `npm run sql`.');
    process.exitCode = isTrue ? 0 : 1;
  } else {
    writeFileSync(target, text);
  }
}
