/**
 * Typed SQL, compiled ahead. A statement is written with a query builder over named arguments that stand for values given
 * later. `npm run sql` turns all of them into text (`compiled-sqlite.ts`), so that nothing is built while the server runs and
 * the builder itself stays at home: here it lends its types alone.
 */
import type { Compilable, Kysely } from 'kysely';
import { compiled as sqlite } from './compiled-sqlite.ts';
import type { Schema } from './schema.ts';

export type Dialect = 'sqlite';

export type Value = string | number | Uint8Array | null;

/** A statement's text and its values, ready to run. */
export type Query = { readonly sql: string; readonly values: readonly Value[] };

/** Turns named arguments into a query whose rows are of type `Row`. */
export type Statement<Args, Row> = ((args: Args, dialect: Dialect) => Query) & { readonly row?: Row };

/** A statement's text, and where its values come from: an argument, or a constant that the statement itself names. */
export type Compiled = { readonly sql: string; readonly parameters: readonly Parameter[] };

export type Parameter = { readonly arg: string } | { readonly constant: Value };

const compiled: Readonly<Record<Dialect, Readonly<Record<string, Compiled>>>> = { sqlite };

/** The query builder that a statement is written with. */
export type Builder = Kysely<Schema>;

export type Build = (db: Builder, arg: never) => Compilable;

/** Every statement as it is written, by name, for `npm run sql`. */
export const definitions = new Map<string, Build>();

/**
 * Defines a statement under a name of its own. `Args` names its arguments; `build` gets one typed stand-in for each, to be used
 * where a value goes.
 * @example const find = define<{ id: number }>('account.find')((db, arg) => db.selectFrom('account').where('id', '=', arg.id));
 */
export function define<Args extends Readonly<Record<string, Value>>>(
  name: string,
): <Row>(build: (db: Builder, arg: Args) => Compilable<Row>) => Statement<Args, Row> {
  return (build) => {
    definitions.set(name, build);
    return (args, dialect) => {
      const statement = compiled[dialect][name];
      if (statement === undefined) throw new Error(`The statement ${name} is not compiled: run \`npm run sql\`.`);
      return { sql: statement.sql, values: statement.parameters.map((parameter) => valueFor(parameter, args)) };
    };
  };
}

function valueFor(parameter: Parameter, args: Readonly<Record<string, Value>>): Value {
  const value = 'arg' in parameter ? args[parameter.arg] : parameter.constant;
  if (value === undefined) throw new TypeError('A statement was run without one of its arguments.');
  return value;
}

/** A sentence of the domain as steps: it yields queries, gets their rows, and returns its outcome. A store runs it in one transaction. */
export type Sentence<T> = Generator<Query, T, readonly unknown[]>;

/** What a sentence may ask of the store that runs it. */
export type Run = { readonly dialect: Dialect; readonly now: number };

/** All rows of a statement. */
export function* rows<Args, Row>(run: Run, statement: Statement<Args, Row>, args: Args): Sentence<readonly Row[]> {
  return (yield statement(args, run.dialect)) as readonly Row[];
}

/** The first row of a statement, or null. */
export function* row<Args, Row>(run: Run, statement: Statement<Args, Row>, args: Args): Sentence<Row | null> {
  const [first] = yield* rows(run, statement, args);
  return first ?? null;
}
