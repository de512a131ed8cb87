import type { Opened } from '../latchkey.ts';
import type { Store } from '../stores/store.ts';
import { opened } from './opened.ts';

const PAGE = 200;
const TOLD_EVERY = 10_000;

/**
 * After a backup was restored: what ended since it was made is live in it, and links that were used are good. Signs everybody out,
 * and makes void every link that is out. May be run again where it was interrupted.
 */
export async function restored(config: string | undefined): Promise<void> {
  const work = async ({ assembled }: Opened): Promise<void> => {
    const { store } = assembled.parts;
    await store.once.voidAll();
    const count = await signEverybodyOut(store, (done) => process.stderr.write(`${done} accounts\n`));
    process.stdout.write(`Signed ${count} accounts out everywhere. Nodes may be started.\n`);
  };
  await opened(config, work, { whileNobodyServes: true });
}

async function signEverybodyOut(store: Store, tell: (done: number) => void): Promise<number> {
  let count = 0;
  for (let after = 0, isMore = true; isMore; ) {
    const accounts = await store.accounts.page({ after, limit: PAGE });
    await Promise.all(accounts.map(({ id }) => store.accounts.signOutEverywhere({ id, by: null, kept: null })));
    count += accounts.length;
    after = accounts.at(-1)?.id ?? after;
    isMore = accounts.length === PAGE;
    if (count % TOLD_EVERY === 0 && count > 0) tell(count);
  }
  return count;
}
