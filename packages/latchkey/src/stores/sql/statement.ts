/**
 * Typed SQL, compiled ahead. A statement is written with a query builder over named arguments that stand for values given
 * later. `npm run sql` turns all of them into text (`compiled-*.ts`), so that nothing is built while the server runs and the
 * builder itself stays at home: here it lends its types alone.
 */
import type { Compilable, Kysely, SelectQueryBuilder } from 'kysely';
import type { AccountId } from '../../model/account.ts';
import { compiled as postgres } from './compiled-postgres.ts';
import { compiled as sqlite } from './compiled-sqlite.ts';
import type { Schema } from './schema.ts';

export type Dialect = 'sqlite' | 'postgres';

/** Stands for the schema in the text of a statement for PostgreSQL, in quotes as a name is. */
export const SCHEMA = '@schema';

export type Value = string | number | Uint8Array | null;

/** A statement's text and its values, ready to run. */
export type Query = { readonly sql: string; readonly values: readonly Value[] };

/** Turns named arguments into a query whose rows are of type `Row`. */
export type Statement<Args, Row> = ((args: Args, dialect: Dialect) => Query) & { readonly row?: Row };

/** A statement's text, and where its values come from: an argument, or a constant that the statement itself names. */
export type Compiled = { readonly sql: string; readonly parameters: readonly Parameter[] };

export type Parameter = { readonly arg: string } | { readonly constant: Value };

const compiled: Readonly<Record<Dialect, Readonly<Record<string, Compiled>>>> = { postgres, sqlite };

/** The query builder that a statement is written with. */
export type Builder = Kysely<Schema>;

export type Build = (db: Builder, arg: never, dialect: Dialect) => Compilable;

export type Definition = { readonly build: Build; readonly dialects: readonly Dialect[] };

/** Every statement as it is written, by name, for `npm run sql`. */
export const definitions = new Map<string, Definition>();

/**
 * Defines a statement under a name of its own. `Args` names its arguments; `build` gets one typed stand-in for each, to be used
 * where a value goes, and the dialect for the few statements that differ. `only` is the dialect of one that no other has.
 * @example const find = define<{ id: number }>('account.find')((db, arg) => db.selectFrom('account').where('id', '=', arg.id));
 */
export function define<Args extends Readonly<Record<string, Value>>>(
  name: string,
  only?: Dialect,
): <Row>(build: (db: Builder, arg: Args, dialect: Dialect) => Compilable<Row>) => Statement<Args, Row> {
  return (build) => {
    definitions.set(name, { build, dialects: only === undefined ? ['sqlite', 'postgres'] : [only] });
    return (args, dialect) => {
      const statement = compiled[dialect][name];
      if (statement === undefined) throw new Error(`The statement ${name} is not compiled: run \`npm run sql\`.`);
      return { sql: statement.sql, values: statement.parameters.map((parameter) => valueFor(parameter, args)) };
    };
  };
}

/** Rows to be changed, without those that another transaction is changing just now: who waits for none cannot wait in a circle. */
export function free<Tables extends keyof Schema, Row>(
  query: SelectQueryBuilder<Schema, Tables, Row>,
  dialect: Dialect,
): SelectQueryBuilder<Schema, Tables, Row> {
  return dialect === 'postgres' ? query.forUpdate().skipLocked() : query;
}

function valueFor(parameter: Parameter, args: Readonly<Record<string, Value>>): Value {
  const value = 'arg' in parameter ? args[parameter.arg] : parameter.constant;
  if (value === undefined) throw new TypeError('A statement was run without one of its arguments.');
  return value;
}

/**
 * A sentence of the domain as steps: it yields queries, of which none waits for what another comes to, gets the rows of each,
 * and returns its outcome. A store runs it in one transaction.
 */
export type Sentence<T> = Generator<readonly Query[], T, readonly (readonly unknown[])[]>;

/** What a sentence may ask of the store that runs it. */
export type Run = {
  readonly dialect: Dialect;
  readonly now: number;
  /** To be told where sessions of an account ended, or are to be shown with something else from now on. */
  readonly moved: (accountId: AccountId) => void;
  /** Whether accounts' sessions are in this database, or have to be told of its changes. */
  readonly sessions: 'here' | 'apart';
};

/** Runs a sentence to its end by what runs its queries, at once. */
export function complete<T>(sentence: Sentence<T>, run: (query: Query) => readonly unknown[]): T {
  let step = sentence.next([]);
  while (step.done !== true) step = sentence.next(step.value.map(run));
  return step.value;
}

/** All rows of a statement. */
export function* rows<Args, Row>(run: Run, statement: Statement<Args, Row>, args: Args): Sentence<readonly Row[]> {
  const [found] = yield* each(run, statement, [args]);
  return found ?? [];
}

/** All rows of a statement with each of these arguments, in their order. */
export function* each<Args, Row>(
  run: Run,
  statement: Statement<Args, Row>,
  list: readonly Args[],
): Sentence<readonly (readonly Row[])[]> {
  if (list.length === 0) return [];
  return (yield list.map((args) => statement(args, run.dialect))) as readonly (readonly Row[])[];
}

/** The first row of a statement, or null. */
export function* row<Args, Row>(run: Run, statement: Statement<Args, Row>, args: Args): Sentence<Row | null> {
  const [first] = yield* rows(run, statement, args);
  return first ?? null;
}
