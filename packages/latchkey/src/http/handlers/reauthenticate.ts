import { reauthenticate } from '../../flows/reauthenticate.ts';
import { secondStep as texts } from '../../texts/api.ts';
import { json } from '../answers.ts';
import type { SignedInCall } from '../call.ts';
import { isoTime } from '../time.ts';

/** Step-up: by a password, or a code where there is an app; or by a passkey. */
export async function again({ parts, who, values, network, headers }: SignedInCall): Promise<Response> {
  const { password = null, code = null, credential, session_id: sessionId = '' } = values;
  const passkey = credential === undefined ? null : { credential, sessionId };
  const { freshUntil } = await reauthenticate(parts, { ...who, password, code, passkey, network });
  return json(200, { detail: texts.reauthenticated, fresh_until: isoTime(freshUntil) }, headers);
}
