import { type Opened, open } from '../latchkey.ts';
import { optionsFrom } from './config-file.ts';

/** Opens what the settings name for one command, and closes it however that ends. */
export async function opened(config: string | undefined, work: (opened: Opened) => Promise<void>): Promise<void> {
  const open_ = await open(await optionsFrom(config), { environment: process.env, role: 'command' });
  try {
    await work(open_);
  } finally {
    await open_.auth.close();
  }
}
