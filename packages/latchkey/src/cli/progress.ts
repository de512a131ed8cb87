/** How far something is, in twenty steps. */
export function bar(percent: number): string {
  const full = Math.min(20, Math.round(percent / 5));
  return `[${'#'.repeat(full)}${'.'.repeat(20 - full)}]`;
}

const TOLD_EVERY_MS = 1_000;

/** Now and then a line that says how many of all are done, how long the rest may take, and from where it can be taken up. */
export function tellingProgress(all: number): (done: number, upTo: number) => void {
  const begun = performance.now();
  let toldAt = begun;
  return (done, upTo) => {
    const now = performance.now();
    if (now - toldAt < TOLD_EVERY_MS) return;
    toldAt = now;
    const percent = Math.floor((100 * done) / Math.max(1, all));
    const minutes = Math.ceil(((now - begun) * (all - done)) / Math.max(1, done) / 60_000);
    process.stderr.write(
      `${bar(percent)} ${percent} %, ${done} accounts, about ${minutes} min left; if interrupted: --after ${upTo}\n`,
    );
  };
}
