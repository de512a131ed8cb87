import { chooseSessions } from '../../flows/choose-sessions.ts';
import type { Call } from '../call.ts';
import { idsIn } from '../id-list.ts';
import { answerOutcome } from './sign-in.ts';

/** Answers what `login/` would have answered, in the place of the sessions that are chosen. */
export async function choose(call: Call): Promise<Response> {
  const { ticket = '', end = '' } = call.values;
  const ends = idsIn(end);
  const outcome = await chooseSessions(call.parts, { ticket, ends, caller: await call.caller() });
  return await answerOutcome(call, outcome, 200);
}
