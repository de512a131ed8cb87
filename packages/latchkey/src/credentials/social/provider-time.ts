/** Seconds since 1970 for a provider: its clock is meant, and no store's, and the machine's own is the nearest to it. */
export function secondsNow(): number {
  return Math.floor((performance.timeOrigin + performance.now()) / 1000);
}
