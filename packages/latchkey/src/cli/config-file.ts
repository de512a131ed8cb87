import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { LatchkeyOptions } from '../latchkey.ts';

const USUAL = 'latchkey.config.ts';

/** The options of the configuration file: the one that is named, else `latchkey.config.ts` where there is one. */
export async function optionsFrom(path: string | undefined): Promise<LatchkeyOptions> {
  const file = resolve(path ?? USUAL);
  if (path === undefined && !existsSync(file)) return {};
  const loaded = (await import(pathToFileURL(file).href)) as { readonly default?: LatchkeyOptions };
  if (loaded.default === undefined)
    throw new Error(`${file} has no default export: export the options as the default.`);
  return loaded.default;
}
