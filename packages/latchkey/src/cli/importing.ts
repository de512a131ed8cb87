/** What all imports have in common. */
import { readFile } from 'node:fs/promises';
import type { Parts } from '../flows/parts.ts';
import { UnusableSource } from '../moving/sources/rows.ts';

/** With other session settings than the nodes have, nobody could be let in. @throws UnusableSource */
export async function refuseOtherRule({ store, rule }: Parts): Promise<void> {
  const inForce = await store.sessions.ruleInForce();
  if (inForce === null || inForce === rule) return;
  throw new UnusableSource(
    'The session settings here are not those of the node that started last: give this command the same ones.',
  );
}

/** A file that the command line names; `what` it is goes before its path. @throws UnusableSource */
export async function textFrom(path: string, what: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw unreadable(path, what, error);
  }
}

/** @throws UnusableSource */
export async function jsonFrom(path: string, what: string): Promise<unknown> {
  const text = await textFrom(path, what);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw unreadable(path, what, error);
  }
}

function unreadable(path: string, what: string, error: unknown): UnusableSource {
  return new UnusableSource(`The ${what} ${path} cannot be read: ${error instanceof Error ? error.message : error}.`);
}
