import { type Opened, open } from '../latchkey.ts';
import { optionsFrom } from './config-file.ts';

/** Opens what the settings name for one command, and closes it however that ends. */
export async function opened(
  config: string | undefined,
  work: (opened: Opened) => Promise<void>,
  { whileNobodyServes }: { readonly whileNobodyServes: boolean } = { whileNobodyServes: false },
): Promise<void> {
  const given = await optionsFrom(config);
  // No node remembers anything then, and no change has to wait for one.
  const options = whileNobodyServes ? { ...given, sessions: { ...given.sessions, checks: 'strict' as const } } : given;
  const open_ = await open(options, { environment: process.env, role: 'command' });
  try {
    await work(open_);
  } finally {
    await open_.auth.close();
  }
}
