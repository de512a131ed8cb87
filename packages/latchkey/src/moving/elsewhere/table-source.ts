/** People who are rows of a database: one table of them, and others whose rows hang on them. */
import type { SourceName } from '../../model/import.ts';
import type { ProviderNames } from '../providers.ts';
import { PAGE, quoted, type Row, type Rows, UnusableSource } from '../sources/rows.ts';
import { textIn } from '../values.ts';
import type { Person } from './person.ts';
import type { PeopleSource } from './read-batches.ts';

/** How an application's own tables differ; a JSON file. All of it may be left out. */
export type TableMapping = {
  /** Tables that are called otherwise, by the names that they have in the documentation: `{"user": "app_user"}`. */
  readonly tables?: Readonly<Record<string, string>>;
  /** Columns that are called otherwise, table by table: `{"user": {"password": "password_hash"}}`. */
  readonly columns?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** The issuers of providers that are called otherwise here, or may be a server of one's own: `{"gitlab": "https://gitlab.com"}`. */
  readonly providers?: Readonly<Record<string, string>>;
};

/** A table that is there, and the column of each field; null for a field that it does not have. */
export type Table = { readonly name: string; readonly columns: ReadonlyMap<string, string | null> };

export type WantedTable = {
  /** As the documentation calls it. */
  readonly name: string;
  /** What else it is called where nothing is mapped. */
  readonly otherNames: readonly string[];
  /** Without these it is another table. */
  readonly needs: readonly string[];
  readonly has: readonly string[];
};

/** null where there is no such table. @throws UnusableSource for one that was mapped and does not fit, with what is there */
export async function findTable(rows: Rows, wanted: WantedTable, mapping: TableMapping): Promise<Table | null> {
  const mapped = mapping.tables?.[wanted.name];
  const renamed = mapping.columns?.[wanted.name] ?? {};
  for (const name of mapped === undefined ? [wanted.name, ...wanted.otherNames] : [mapped]) {
    const there = await rows.columns(name);
    const missing = Object.values(renamed).filter((column) => !there.has(column));
    if (there.size > 0 && missing.length > 0) {
      throw new UnusableSource(`The table ${name} has no column ${missing.join(', ')}: the mapping names it.`);
    }
    const columns = new Map(
      [...wanted.needs, ...wanted.has].map((field) => [field, renamed[field] ?? columnOf(there, field)]),
    );
    const lacks = wanted.needs.filter((field) => columns.get(field) === null);
    if (there.size > 0 && lacks.length === 0) {
      await refuseHiddenRows(rows, name);
      return { name, columns };
    }
    if (mapped !== undefined) {
      throw new UnusableSource(
        there.size === 0 ? `There is no table ${name}.` : `The table ${name} has no column ${lacks.join(', ')}.`,
      );
    }
  }
  return null;
}

/** Whoever is hidden from the user that reads would be taken for gone. @throws UnusableSource */
async function refuseHiddenRows(rows: Rows, name: string): Promise<void> {
  if (rows.dialect !== 'postgres') return;
  const [found] = await rows.ask('SELECT row_security_active(?::text) AS active', [quoted(name)]);
  if (found?.['active'] !== true) return;
  throw new UnusableSource(
    `Row level security hides rows of ${name} from this user: connect as the table’s owner, or ALTER ROLE … BYPASSRLS.`,
  );
}

/** `emailVerified` is called so, or `email_verified`. */
function columnOf(there: ReadonlySet<string>, field: string): string | null {
  const snake = field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return [field, snake].find((name) => there.has(name)) ?? null;
}

/** The rows of a person: of each table that hangs on them, by its name in the documentation. */
export type Around = (table: string) => readonly Row[];

export type TableSource = {
  readonly name: SourceName;
  readonly providers: ProviderNames;
  readonly rows: Rows;
  readonly users: Table;
  /** Whom to pass over, as a condition on the table of users; `''` for nobody. */
  readonly where: string;
  /** By their names in the documentation; each has a field `userId`. */
  readonly around: Readonly<Record<string, Table | null>>;
  readonly personOf: (user: Row, around: Around) => Person;
};

export function tableSource({ name, providers, rows, users, where, around, personOf }: TableSource): PeopleSource {
  const id = columnIn(users, 'id');
  const table = quoted(users.name);
  const conditions = (...more: readonly string[]): string => {
    const all = [where, ...more].filter((one) => one !== '');
    return all.length === 0 ? '' : ` WHERE ${all.join(' AND ')}`;
  };
  const tables = Object.entries(around).flatMap(([of, one]) => (one === null ? [] : [[of, one] as const]));
  return {
    name,
    providers,
    async count() {
      const [found] = await rows.ask(`SELECT count(*) AS count FROM ${table}${conditions()}`);
      return Number(found?.['count'] ?? 0);
    },
    async *ids() {
      const page = (more: string): string => `SELECT ${id} AS id FROM ${table}${more} ORDER BY ${id} LIMIT ${PAGE}`;
      let found = await rows.ask(page(conditions()));
      while (found.length > 0) {
        const ids = found.map((row) => textIn(row, 'id'));
        yield ids;
        found = await rows.ask(page(conditions(`${id} > ?`)), [ids.at(-1)]);
      }
    },
    async people(ids) {
      const some = ids.map(() => '?').join(', ');
      const found = await rows.ask(`SELECT ${fieldsOf(users)} FROM ${table}${conditions(`${id} IN (${some})`)}`, ids);
      const hanging = new Map<string, ReadonlyMap<string, readonly Row[]>>();
      for (const [of, one] of tables) hanging.set(of, await rowsAround(rows, one, ids));
      return new Map(
        found.map((user) => {
          const userId = textIn(user, 'id');
          return [userId, personOf(user, (of) => hanging.get(of)?.get(userId) ?? [])];
        }),
      );
    },
  };
}

async function rowsAround(
  rows: Rows,
  table: Table,
  ids: readonly string[],
): Promise<ReadonlyMap<string, readonly Row[]>> {
  const user = columnIn(table, 'userId');
  const some = ids.map(() => '?').join(', ');
  const sql = `SELECT ${fieldsOf(table)} FROM ${quoted(table.name)} WHERE ${user} IN (${some})`;
  // In an order of their own, so that an unchanged person looks the same each time.
  const found = (await rows.ask(sql, ids)).toSorted((a, b) => compare(JSON.stringify(a), JSON.stringify(b)));
  return Map.groupBy(found, (row) => textIn(row, 'userId'));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function columnIn({ columns }: Table, field: string): string {
  return quoted(columns.get(field) ?? field);
}

/** All fields by their own names. */
function fieldsOf({ columns }: Table): string {
  return [...columns]
    .map(([field, column]) => `${column === null ? 'NULL' : quoted(column)} AS ${quoted(field)}`)
    .join(', ');
}
