import { type Mode, type Rows, UnusableSource } from './rows.ts';

/** Opens `sqlite:PATH` or `postgres://…`. What is opened to be read cannot be written to. @throws UnusableSource */
export async function openRows(url: string, mode: Mode): Promise<Rows> {
  if (url.startsWith('sqlite:')) {
    const { openSqlite } = await import('./sqlite.ts');
    return openSqlite(url.slice('sqlite:'.length), mode);
  }
  if (/^postgres(?:ql)?:\/\//.test(url)) {
    const { openPostgres } = await import('./postgres.ts');
    return await openPostgres(url, mode);
  }
  throw new UnusableSource('It must be sqlite: and the path of a file, or postgres://user@host/database.');
}
