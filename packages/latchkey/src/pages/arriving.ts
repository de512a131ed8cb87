/** Where a way in leads: in, to its second step, or to whose place it takes. */
import type { SignInOutcome } from '../flows/complete-sign-in.ts';
import { arriveWhole } from './choose-sessions.ts';
import { toSecondStep } from './second-step.ts';
import type { Form, Visit } from './visit.ts';

export async function arrive(
  visit: Visit,
  form: Form,
  outcome: SignInOutcome,
  taken: readonly string[] = [],
): Promise<Response> {
  if (outcome.kind === 'second-step') return toSecondStep(visit, form, outcome, taken);
  return await arriveWhole(visit, form, outcome, taken);
}
