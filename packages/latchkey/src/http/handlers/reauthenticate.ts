import { reauthenticate } from '../../flows/reauthenticate.ts';
import { secondStep as texts } from '../../texts/api.ts';
import { json } from '../answers.ts';
import type { SignedInCall } from '../call.ts';
import { isoTime } from '../time.ts';

/** Step-up: by a password, or a code where there is an app. */
export async function again({ parts, who, values, network, headers }: SignedInCall): Promise<Response> {
  const { password = null, code = null } = values;
  const { freshUntil } = await reauthenticate(parts, { ...who, password, code, network });
  return json(200, { detail: texts.reauthenticated, fresh_until: isoTime(freshUntil) }, headers);
}
