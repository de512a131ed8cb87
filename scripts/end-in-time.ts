/** Loaded before a test file: ends its process where something that it left open would hold it, once all results were told. */
import { after } from 'node:test';

/** Results are told within milliseconds. */
const ENDS_WITHIN_MS = 5_000;

after(() => void setTimeout(() => process.exit(), ENDS_WITHIN_MS).unref());
