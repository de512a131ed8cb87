/** Milliseconds since 1970. */
export type Clock = () => number;

/** The machine's clock. The only place that reads it: everything else is handed a clock or asks the store. */
export const systemClock: Clock = () => Date.now();
