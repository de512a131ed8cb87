/**
 * Which operation opened a session, told by the store itself: each sign-in says that it comes from an address of its own, and nodes
 * keep that as its place. So a sign-in that had no answer can be told from one that never came about.
 */

const MOST = 2 ** 24;

/** The address of an operation, for `X-Forwarded-For`. */
export function addressOf(i: number): string {
  if (i >= MOST) throw new RangeError(`A run has fewer than ${MOST} operations.`);
  return `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`;
}

/** The operation whose address a session keeps as its place; null for any other place. */
export function operationAt(place: string | null): number | null {
  const [, ...parts] = /^10\.(\d+)\.(\d+)\.(\d+)$/.exec(place ?? '') ?? [];
  const [high, middle, low] = parts.map(Number);
  if (high === undefined || middle === undefined || low === undefined) return null;
  return (high << 16) | (middle << 8) | low;
}
