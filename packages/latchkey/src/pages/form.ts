import { readBody, UnreadableBody } from '../http/body.ts';
import { isOriginAllowed } from '../http/origin.ts';
import { Refusal } from '../model/reasons.ts';
import type { Settings } from '../model/settings.ts';

/** A form that this origin's own page sent, by its fields. Throws `origin_not_allowed`, and what a body throws. */
export async function readForm(settings: Settings, request: Request): Promise<(name: string) => string> {
  if (!isOriginAllowed(settings, request.headers)) throw new Refusal('origin_not_allowed');
  try {
    const body = await readBody(request);
    return (name) => {
      const value = body.get(name);
      return typeof value === 'string' ? value : '';
    };
  } catch (error) {
    if (error instanceof UnreadableBody) throw new Refusal(error.code, { message: error.message });
    throw error;
  }
}
