import { invalidInput } from '../model/reasons.ts';
import { chooseSession as texts } from '../texts/api.ts';

/** A list of ids, or one of them alone, as a form sends it. */
export function idsIn(given: string): readonly string[] {
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
