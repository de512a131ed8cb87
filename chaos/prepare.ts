/** Loaded before a node: what is to be different in its source. */
import { bugs } from './bugs.ts';
import { delays } from './delays.ts';
import { editSource } from './edits.ts';

const bug = process.env['LATCHKEY_TEST_BUG'];
const planted = bug === undefined ? undefined : bugs[bug];
const isSlow = process.env['LATCHKEY_TEST_DELAYS'] !== 'off';
editSource([...(planted?.edits ?? []), ...(isSlow ? delays : [])]);
