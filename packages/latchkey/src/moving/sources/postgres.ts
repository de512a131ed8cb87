import type { CustomTypesConfig } from 'pg';
import { type Mode, quoted, type Row, type Rows, UnusableSource } from './rows.ts';

const INT8 = 20;
const TEXTS = new Set([1082, 1114, 1184, 114, 3802]);

/**
 * One connection. To read, it is in a transaction that can write nothing and sees all as it was at its beginning; to write, in one that
 * is to be committed.
 */
export async function openPostgres(url: string, mode: Mode): Promise<Rows> {
  const pg = await loadDriver();
  // Numbers are within what JavaScript counts exactly; times and JSON are read where they are used, as SQLite has them.
  const types: CustomTypesConfig = {
    getTypeParser: (type: number) => {
      if (type === INT8) return Number;
      return TEXTS.has(type) ? String : pg.types.getTypeParser(type);
    },
  };
  const client = new pg.Client({ connectionString: url, application_name: 'latchkey', types });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query("SET TIME ZONE 'UTC'");
    await client.query(`BEGIN ISOLATION LEVEL REPEATABLE READ ${mode === 'read' ? 'READ ONLY' : 'READ WRITE'}`);
  } catch (error) {
    await client.end().catch(() => undefined);
    throw new UnusableSource(`The database cannot be reached: ${error instanceof Error ? error.message : error}.`);
  }
  return {
    dialect: 'postgres',
    async ask(sql, values = []) {
      let at = 0;
      const text = sql.replace(/\?/g, () => `$${++at}`);
      return (await allowed(client.query(text, [...values]))).rows as readonly Row[];
    },
    async columns(table) {
      const sql =
        'SELECT attname FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped';
      const found = await allowed(client.query(sql, [quoted(table)]));
      return new Set(found.rows.map(({ attname }) => String(attname)));
    },
    async commit() {
      await client.query('COMMIT');
    },
    async close() {
      // What was not committed is undone by this.
      await client.end();
    },
  };
}

/** `insufficient_privilege`. */
const FORBIDDEN = '42501';

/** @throws UnusableSource where its user may not do that */
async function allowed<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    const isForbidden = error instanceof Error && 'code' in error && error.code === FORBIDDEN;
    if (!isForbidden) throw error;
    throw new UnusableSource(
      `The database says: ${error.message}. Let its owner GRANT that, or connect as another user.`,
    );
  }
}

async function loadDriver(): Promise<Pick<typeof import('pg'), 'Client' | 'types'>> {
  try {
    return (await import('pg')).default;
  } catch {
    throw new UnusableSource('PostgreSQL is spoken to by the package pg, which is not installed: npm install pg.');
  }
}
