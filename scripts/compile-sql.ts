/** Compiles every statement of the SQL stores to text. `--check` only says whether the text that is there is true. */
import { readFileSync, writeFileSync } from 'node:fs';
import {
  type DialectAdapter,
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryCompiler,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { Schema } from '../packages/latchkey/src/stores/sql/schema.ts';
import {
  type Build,
  type Builder,
  type Dialect,
  definitions,
  SCHEMA,
} from '../packages/latchkey/src/stores/sql/statement.ts';
import '../packages/latchkey/src/stores/postgres/store.ts';
import '../packages/latchkey/src/stores/sqlite/store.ts';

type Target = { readonly file: string; readonly whose: string; readonly builder: Builder };

function builderOf(
  createAdapter: () => DialectAdapter,
  createQueryCompiler: () => QueryCompiler,
  Introspector: typeof SqliteIntrospector | typeof PostgresIntrospector,
): Builder {
  const createDriver = () => new DummyDriver();
  const createIntrospector = (db: Kysely<unknown>) => new Introspector(db);
  return new Kysely<Schema>({ dialect: { createAdapter, createDriver, createIntrospector, createQueryCompiler } });
}

const targets: Readonly<Record<Dialect, Target>> = {
  postgres: {
    file: 'compiled-postgres.ts',
    whose: 'PostgreSQL',
    builder: builderOf(
      () => new PostgresAdapter(),
      () => new PostgresQueryCompiler(),
      PostgresIntrospector,
    ).withSchema(SCHEMA),
  },
  sqlite: {
    file: 'compiled-sqlite.ts',
    whose: 'SQLite',
    builder: builderOf(
      () => new SqliteAdapter(),
      () => new SqliteQueryCompiler(),
      SqliteIntrospector,
    ),
  },
};

/** Stands for a value that is given when the statement runs. */
class Argument {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

const anyArgument = new Proxy({}, { get: (_, name) => new Argument(String(name)) }) as never;

function compile(build: Build, dialect: Dialect): string {
  const { sql, parameters } = build(targets[dialect].builder, anyArgument, dialect).compile();
  const listed = parameters.map((parameter) =>
    parameter instanceof Argument ? `{ arg: '${parameter.name}' }` : `{ constant: ${literal(parameter)} }`,
  );
  return `{\n    sql: ${literal(sql)},\n    parameters: [${listed.join(', ')}],\n  }`;
}

function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value.replaceAll("'", "\\'")}'` : JSON.stringify(value);
}

/** The module's text, as it should be. */
function compiledModule(dialect: Dialect): string {
  const statements = [...definitions]
    .filter(([, { dialects }]) => dialects.includes(dialect))
    .map(([name, { build }]) => `  '${name}': ${compile(build, dialect)},`);
  return [
    `/** Every statement as ${targets[dialect].whose} runs it. Made by \`npm run sql\` from the statements beside it: change those. */`,
    "import type { Compiled } from './statement.ts';",
    '',
    'export const compiled: Readonly<Record<string, Compiled>> = {',
    ...statements,
    '};',
    '',
  ].join('\n');
}

for (const dialect of ['postgres', 'sqlite'] as const) {
  const { file } = targets[dialect];
  const target = new URL(`../packages/latchkey/src/stores/sql/${file}`, import.meta.url);
  const text = compiledModule(dialect);
  if (!process.argv.includes('--check')) {
    writeFileSync(target, text);
  } else if (readFileSync(target, 'utf8') !== text) {
    console.error(`${file} is not what the statements say: run \`npm run sql\`.`);
    process.exitCode = 1;
  }
}
