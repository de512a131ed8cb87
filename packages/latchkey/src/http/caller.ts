import type { Parts } from '../flows/parts.ts';
import type { Caller } from '../sessions/admit.ts';
import type { Client } from './client.ts';
import { deviceOf } from './device-name.ts';

/** Who asks to come in, with the device tokens that it sent. Its address goes to the host's hook alone. */
export async function callerOf(
  { hooks }: Parts,
  { request, address }: Pick<Client, 'address'> & { readonly request: Request },
  deviceTokens: string | null,
): Promise<Caller> {
  let place: Promise<string | null> | null = null;
  return {
    device: await deviceOf(request.headers.get('user-agent')),
    deviceTokens,
    place() {
      place ??= address === null ? Promise.resolve(null) : hooks.placeOf(address);
      return place;
    },
  };
}
