import { approvalsFor, approve as letIn, decline as turnAway } from '../../flows/answer-approvals.ts';
import { comeInByApproval } from '../../flows/wait-for-approval.ts';
import { Refusal } from '../../model/reasons.ts';
import { empty, json, refuse } from '../answers.ts';
import type { Call, SignedInCall } from '../call.ts';
import { idsIn } from '../id-list.ts';
import { isoTime } from '../time.ts';
import { answerOutcome, refuseUntilApproved } from './sign-in.ts';

/** Answers what `login/` would have answered, once one who is in has said yes; until then, and after a no, why not. */
export async function wait(call: Call): Promise<Response> {
  const { ticket = '' } = call.values;
  const outcome = await comeInByApproval(call.parts, { ticket, caller: await call.caller() });
  if (outcome.kind === 'waiting') return refuseUntilApproved(call, outcome);
  if (outcome.kind === 'turned-away') return refuse(call, { code: outcome.code });
  return answerOutcome(call, outcome, 200);
}

/** Who asks to come in, and in whose place they may. */
export async function list({ parts, who, headers }: SignedInCall): Promise<Response> {
  const { approvals, labels } = await approvalsFor(parts, who.session);
  const bodies = approvals.map(({ id, device, place, number, askedAt, waitsUntil, among, least }) => ({
    ...{ id, device: device.name, class: device.class, place, number },
    ...{ asked_at: isoTime(askedAt), expires_at: isoTime(waitsUntil), end_at_least: least },
    sessions: among.map((session) => ({
      ...{ id: session.id, current: session.id === who.session.id },
      ...{ device: session.device.name, class: session.device.class, last_seen_at: isoTime(session.seenAt) },
      name: labels.get(session.device.id ?? '') ?? null,
    })),
  }));
  return json(200, bodies, headers);
}

/** Lets one in, in the place of the sessions that are named, or of whom the rule displaces. */
export async function approve({ parts, who, params, values, headers }: SignedInCall): Promise<Response> {
  const { end } = values;
  const ends = end === undefined ? null : idsIn(end);
  if (!(await letIn(parts, { id: params['id'] ?? '', by: who.session, ends }))) throw new Refusal('not_found');
  return empty(204, headers);
}

export async function decline({ parts, who, params, headers }: SignedInCall): Promise<Response> {
  if (!(await turnAway(parts, { id: params['id'] ?? '', by: who.session }))) throw new Refusal('not_found');
  return empty(204, headers);
}
