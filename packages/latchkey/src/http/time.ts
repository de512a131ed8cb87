/** A time as the API writes it: ISO 8601, UTC, milliseconds. */
export function isoTime(at: number): string {
  return new Date(at).toISOString();
}
