import { askEmailChange, confirmEmailChange, undoEmailChange } from '../../flows/change-email.ts';
import { changeEmail as texts } from '../../texts/api.ts';
import { json } from '../answers.ts';
import type { Call, SignedInCall } from '../call.ts';

/** The same for an address that is free and for one that is somebody else's. */
export async function ask({ parts, who, values, headers }: SignedInCall): Promise<Response> {
  await askEmailChange(parts, { ...who, email: values['email'] ?? '' });
  return json(200, { detail: texts.asked }, headers);
}

export async function confirm({ parts, values, headers }: Call): Promise<Response> {
  await confirmEmailChange(parts, values['key'] ?? '');
  return json(200, { detail: texts.confirmed }, headers);
}

export async function undo({ parts, values, headers }: Call): Promise<Response> {
  await undoEmailChange(parts, values['key'] ?? '');
  return json(200, { detail: texts.undone }, headers);
}
