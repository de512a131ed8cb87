import { chooseSessions } from '../../flows/choose-sessions.ts';
import { invalidInput } from '../../model/reasons.ts';
import { chooseSession as texts } from '../../texts/api.ts';
import type { Call } from '../call.ts';
import { answerOutcome } from './sign-in.ts';

/** Answers what `login/` would have answered, in the place of the sessions that are chosen. */
export async function choose(call: Call): Promise<Response> {
  const { ticket = '', end = '' } = call.values;
  const ends = idsIn(end);
  const outcome = await chooseSessions(call.parts, { ticket, ends, caller: await call.caller() });
  return await answerOutcome(call, outcome, 200);
}

/** A list of ids, or one of them alone, as a form sends it. */
function idsIn(given: string): readonly string[] {
  if (!given.startsWith('[')) return [given];
  const ids = parsed(given);
  if (!Array.isArray(ids) || !ids.every((id) => typeof id === 'string')) throw invalidInput({ end: [texts.noList] });
  return ids;
}

function parsed(given: string): unknown {
  try {
    return JSON.parse(given);
  } catch {
    return null;
  }
}
