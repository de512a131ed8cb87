import { codeOfEnd, Refusal } from '../model/reasons.ts';
import type { Over } from '../stores/store.ts';

/** What a change came to. Throws the refusal that its credential gets from now on where the session that asked was over by then. */
export function unlessOver<Done>(done: Done | Over): Done {
  if (typeof done === 'object' && done !== null && 'over' in done) throw new Refusal(codeOfEnd[done.over]);
  return done;
}
