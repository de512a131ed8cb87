import { hash } from 'node:crypto';
import type { CustomTypesConfig } from 'pg';
import { type Query, SCHEMA, type Value } from '../sql/statement.ts';
import type { Connections, TimedQuery } from './connections.ts';

const INT8 = 20;
const JSON_TEXT = 114;

/** Turns queries into those of the driver, of the tables of one schema. */
export type Prepare = (query: Query, limitMs: number) => TimedQuery;

export function preparing(schema: string, { isNaming, types }: Pick<Connections, 'isNaming' | 'types'>): Prepare {
  const quoted = quote(schema);
  const texts = new Map<string, { readonly text: string; readonly name?: string }>();
  // Numbers are within what JavaScript counts exactly; JSON is read where it is used. Nobody else's queries are read so.
  const parsers: CustomTypesConfig = {
    getTypeParser: (type: number, format?: 'text' | 'binary') => {
      if (type === INT8) return Number;
      return type === JSON_TEXT ? String : types.getTypeParser(type, format);
    },
  };

  const textOf = (sql: string) => {
    const known = texts.get(sql);
    if (known !== undefined) return known;
    const text = sql.replaceAll(`"${SCHEMA}"`, quoted);
    // By its hash, a name is of one text alone, whoever else prepares statements on the same connection.
    const made = isNaming ? { text, name: `latchkey_${hash('sha256', text).slice(0, 24)}` } : { text };
    texts.set(sql, made);
    return made;
  };

  return ({ sql, values }, limitMs) => ({
    ...textOf(sql),
    values: values as Value[],
    types: parsers,
    query_timeout: limitMs,
  });
}

/** A name as SQL quotes it. */
export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
