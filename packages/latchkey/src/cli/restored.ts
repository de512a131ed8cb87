import type { Opened } from '../latchkey.ts';
import type { Store } from '../stores/store.ts';
import { opened } from './opened.ts';
import { bar } from './progress.ts';

/** Few enough that each is a moment's work, and many enough that a commit for each does not count. */
const PAGE = 500;
const TOLD_EVERY_MS = 1_000;

export type Progress = (done: { readonly accounts: number; readonly upTo: number; readonly highest: number }) => void;

/**
 * After a backup was restored: what ended since it was made is live in it, and links that were used are good. Signs everybody out,
 * and makes void every link that is out. Where it was interrupted it may be run again, from the account (`after`) that was told last.
 */
export async function restored(config: string | undefined, { after }: { readonly after: number }): Promise<void> {
  const work = async ({ assembled }: Opened): Promise<void> => {
    const { store } = assembled.parts;
    while ((await store.once.voidAny(PAGE)) > 0);
    const count = await signEverybodyOut(store, after, telling());
    process.stdout.write(`Signed ${count} accounts out everywhere. Nodes may be started.\n`);
  };
  await opened(config, work, { whileNobodyServes: true });
}

async function signEverybodyOut(store: Store, after: number, tell: Progress): Promise<number> {
  let count = 0;
  for (let from = after; ; ) {
    const { accounts, upTo, highest } = await store.accounts.signAllOut({ after: from, limit: PAGE });
    if (accounts === 0) return count;
    count += accounts;
    from = upTo;
    tell({ accounts: count, upTo, highest });
  }
}

/** Now and then a line that says how far it is, how long it may take, and from where it can be taken up. */
function telling(): Progress {
  const begun = performance.now();
  let toldAt = begun;
  let first: number | null = null;
  return ({ accounts, upTo, highest }) => {
    first ??= upTo;
    const now = performance.now();
    if (now - toldAt < TOLD_EVERY_MS) return;
    toldAt = now;
    const left = ((now - begun) * (highest - upTo)) / Math.max(1, upTo - first);
    const percent = Math.floor((100 * upTo) / highest);
    process.stderr.write(
      `${bar(percent)} ${percent} %, ${accounts} accounts, about ${Math.ceil(left / 60_000)} min left; if interrupted: --after ${upTo}\n`,
    );
  };
}
