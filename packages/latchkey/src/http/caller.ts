import type { Parts } from '../flows/parts.ts';
import { networkOf } from '../model/network.ts';
import { NOWHERE, type Whereabouts } from '../model/place.ts';
import { invalidInput } from '../model/reasons.ts';
import type { Settings } from '../model/settings.ts';
import type { Caller } from '../sessions/admit.ts';
import { chooseSession as texts } from '../texts/api.ts';
import type { Client } from './client.ts';
import { deviceOf } from './device-name.ts';

/** Letters of a network's name: 72 bits, so that no account comes from enough networks for two to have one. */
const NETWORK_LETTERS = 12;

/** The client app that a request says it is of; null where it says none. Throws `invalid_input` on `client` for one that is not registered. */
export function clientOf({ sessions }: Settings, headers: Headers): string | null {
  const id = headers.get('latchkey-client');
  if (id === null) return null;
  if (!sessions.clients.some(([known]) => known === id)) throw invalidInput({ client: [texts.unknownClient] });
  return id;
}

/** Who asks to come in, with the device tokens that it sent, its client app and the key that it has shown. Its address goes to the host's hook alone, and is kept nowhere. */
export async function callerOf(
  { hooks, keys }: Parts,
  { request, address }: Pick<Client, 'address'> & { readonly request: Request },
  { deviceTokens, client, binding }: Pick<Caller, 'deviceTokens' | 'client' | 'binding'>,
): Promise<Caller> {
  const network = address === null ? null : networkOf(address, 48);
  let place: Promise<Whereabouts> | null = null;
  return {
    device: await deviceOf(request.headers),
    deviceTokens,
    client,
    binding,
    place() {
      place ??= address === null ? Promise.resolve(NOWHERE) : hooks.placeOf(address);
      return place;
    },
    // With the account in it, nobody can tell that two people share a network.
    network: (accountId) =>
      network === null ? null : keys.pseudonym('networks', `${accountId} ${network}`).slice(0, NETWORK_LETTERS),
  };
}
