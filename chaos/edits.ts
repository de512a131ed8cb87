/**
 * Edits of Latchkey's source as a node loads it. They are made in the memory of that process: what is shipped has no switches for
 * tests, and a bug is planted into the very code that would have it. An edit whose place is not there any more stops the node.
 */
import { registerHooks } from 'node:module';

export type Edit = {
  /** Under `packages/latchkey/src/`. */
  readonly file: string;
  /** Stands there exactly once. */
  readonly find: string;
  readonly replace: string;
};

const SOURCE = new URL('../packages/latchkey/src/', import.meta.url).href;

/** The URL of a file that is edited. */
export const urlOf = ({ file }: Pick<Edit, 'file'>): string => SOURCE + file;

/** Makes the edits, one after the other, in what is loaded from now on. */
export function editSource(edits: readonly Edit[]): void {
  const byFile = Map.groupBy(edits, urlOf);
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const here = byFile.get(url);
      if (here === undefined) return loaded;
      return { ...loaded, source: here.reduce(edited, Buffer.from(loaded.source as Uint8Array).toString()) };
    },
  });
}

/** A text with the edit made. @throws where its place is not there once */
export function edited(text: string, { file, find, replace }: Edit): string {
  const parts = text.split(find);
  if (parts.length === 2) return parts.join(replace);
  throw new Error(`“${find}” stands in ${file} ${parts.length - 1} times: the edit is out of date.`);
}
