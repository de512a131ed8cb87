/** The mails about a new device, as a stream carries them until SQL keeps them. */
import type { Arrival } from '../store.ts';

export function textOfArrival({ mail, last, disown = null }: Arrival): string {
  const parts = [mail.payload, last.payload, ...(disown === null ? [] : [disown])];
  return parts.map((part) => Buffer.from(part).toString('base64url')).join(' ');
}

export function arrivalIn(text: string): Arrival | null {
  const [mail, last, disown = null] = text.split(' ').map((part) => new Uint8Array(Buffer.from(part, 'base64url')));
  if (mail === undefined || last === undefined) return null;
  return { mail: { topic: 'mail', payload: mail }, last: { topic: 'mail', payload: last }, disown };
}
