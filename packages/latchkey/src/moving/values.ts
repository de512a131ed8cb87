/** What stands in a row, as either database and as files write it. */
import { createHash } from 'node:crypto';
import type { Row } from './sources/rows.ts';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** As authenticator apps take a secret (RFC 4648, without padding). */
export function base32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{1,5}/g) ?? []).map((five) => BASE32[Number.parseInt(five.padEnd(5, '0'), 2)]).join('');
}

/** What was said, as a hash: whether it is the same another time. */
export function printOf(said: unknown): string {
  return createHash('sha256').update(JSON.stringify(said)).digest('base64url').slice(0, 22);
}

export function isTrue(value: unknown): boolean {
  return value === true || value === 1 || value === 't' || value === 'true';
}

export function textIn(row: Row, column: string): string {
  const value = row[column];
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}

/** A JSON column, which is text in SQLite and in older tables. */
export function jsonIn(row: Row, column: string): Row {
  const value = row[column];
  try {
    const parsed: unknown = typeof value === 'string' ? JSON.parse(value) : value;
    return typeof parsed === 'object' && parsed !== null ? (parsed as Row) : {};
  } catch {
    return {};
  }
}

/** A time as either database writes it, in UTC where nothing else stands there; milliseconds since 1970. */
export function timeIn(row: Row, column: string): number | null {
  const [, date, time, zone] =
    /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d(?:\.\d+)?)([+-]\d\d(?::?\d\d)?|Z)?$/.exec(textIn(row, column)) ?? [];
  if (date === undefined) return null;
  const offset = zone === undefined || zone === 'Z' ? 'Z' : zone.length === 3 ? `${zone}:00` : zone;
  const at = Date.parse(`${date}T${time?.slice(0, 12)}${offset}`);
  return Number.isNaN(at) ? null : at;
}

/** Before this many, a number counts seconds rather than milliseconds: in milliseconds it would be a time of 1973. */
const LEAST_MS = 100_000_000_000;

/** A time that may also be a number, of seconds or of milliseconds since 1970; milliseconds since 1970. */
export function instantIn(row: Row, column: string): number | null {
  const text = textIn(row, column);
  if (!/^\d+(?:\.\d+)?$/.test(text)) return timeIn(row, column);
  const number = Number(text);
  return Math.floor(number < LEAST_MS ? number * 1000 : number);
}
