import { readFileSync } from 'node:fs';

const read = new Map<string, readonly string[]>();

/** What goes into requests, from a JSON file that is read once. */
export function fillsIn(path: string): readonly string[] {
  const known = read.get(path);
  if (known !== undefined) return known;
  const fills = JSON.parse(readFileSync(path, 'utf8')) as readonly string[];
  read.set(path, fills);
  return fills;
}
