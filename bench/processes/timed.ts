/** CPU time of this process for a check, in microseconds, and checks per second. */
export type StoreChecked = { readonly cpuUs: number; readonly perSecond: number };

export type Timing = {
  readonly checks: number;
  /** How many are under way at a time. */
  readonly inFlight: number;
};

/** After so many the event loop has its turn, as between requests: without it a node hears nothing, and trusts its memory no longer. */
const SLICE = 1_000;

/** Times checks, which `run` makes one after the other and of which it says how many found a live session: all must. */
export async function timed(
  { checks, inFlight }: Timing,
  run: (checks: number) => number | Promise<number>,
): Promise<StoreChecked> {
  const slice = Math.min(SLICE, checks);
  let live = 0;
  const before = process.cpuUsage();
  const startedAt = performance.now();
  const work = async (): Promise<void> => {
    for (let left = checks / inFlight; left >= 1; left -= slice) {
      const found = await run(Math.min(slice, left));
      live += found;
      await new Promise(setImmediate);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, work));
  const tookMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(before);
  if (live !== checks) throw new Error(`${checks - live} of ${checks} checks failed.`);
  return { cpuUs: (user + system) / checks, perSecond: (checks / tookMs) * 1000 };
}
