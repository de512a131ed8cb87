/** The mails about a new device, as a stream carries them until SQL keeps them. */
import type { Arrival } from '../store.ts';

export function textOfArrival({ mail, last }: Arrival): string {
  return [mail, last].map(({ payload }) => Buffer.from(payload).toString('base64url')).join(' ');
}

export function arrivalIn(text: string): Arrival | null {
  const [mail, last] = text.split(' ').map((payload) => new Uint8Array(Buffer.from(payload, 'base64url')));
  if (mail === undefined || last === undefined) return null;
  return { mail: { topic: 'mail', payload: mail }, last: { topic: 'mail', payload: last } };
}
