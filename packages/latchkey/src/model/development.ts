import { isLoopbackHost } from './network.ts';
import type { Settings } from './settings.ts';

/** Is there anything to be shown that is for its developer alone? On a machine that others reach there is not, whatever was forgotten. */
export function isForDevelopment({ production, origin }: Pick<Settings, 'production' | 'origin'>): boolean {
  return !production && isLoopbackHost(new URL(origin).hostname);
}
