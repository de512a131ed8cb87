import { disownSession } from '../../flows/disown-session.ts';
import { notMe as texts } from '../../texts/api.ts';
import { json } from '../answers.ts';
import type { Call } from '../call.ts';

/** What `password/reset/confirm/` takes, beside that it is done. */
export async function disown({ parts, values, headers }: Call): Promise<Response> {
  const { uid, token } = await disownSession(parts, values['key'] ?? '');
  return json(200, { detail: texts.disowned, uid, token }, headers);
}
