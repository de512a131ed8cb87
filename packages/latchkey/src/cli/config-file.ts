import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { LatchkeyOptions } from '../latchkey.ts';
import { InvalidSettings } from '../resolve-settings.ts';

const USUAL = 'latchkey.config.ts';

/** The options of the configuration file: the one that is named, else `latchkey.config.ts` where there is one. */
export async function optionsFrom(path: string | undefined): Promise<LatchkeyOptions> {
  const file = resolve(path ?? USUAL);
  if (!existsSync(file)) {
    if (path === undefined) return {};
    throw new InvalidSettings([`${file} is not there: --config names the file that the options are in.`]);
  }
  const { default: options } = (await import(pathToFileURL(file).href)) as { readonly default?: unknown };
  if (typeof options !== 'object' || options === null) {
    throw new InvalidSettings([`${file} has no options: export them as the default.`]);
  }
  return options as LatchkeyOptions;
}
