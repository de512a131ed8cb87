/** Loaded before a test file: ends its process where something that it left open would hold it, once all results were told. */
import { after } from 'node:test';
import { LEFT_OPEN } from './left-open.ts';

/** Results are told within milliseconds; what has a time limit of its own ends by itself. */
const ENDS_WITHIN_MS = 30_000;

const end = (): void => void process.stdout.write(`${LEFT_OPEN}\n`, () => process.exit());

after(() => void setTimeout(end, ENDS_WITHIN_MS).unref());
