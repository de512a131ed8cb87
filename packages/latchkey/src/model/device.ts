/** What kind of device a session lives on. A class that a client merely claims buys it nothing. */
export type DeviceClass = 'web' | 'mobile' | 'desktop' | 'tv' | 'cli' | 'unknown';

export type Device = {
  /** Issued and signed by this server, per account; null for a key that came from elsewhere. */
  readonly id: string | null;
  readonly class: DeviceClass;
  /** A name from a fixed vocabulary, such as `Firefox on Windows`; never the raw user agent. */
  readonly name: string;
};

/** A device that an account knows: of it its owner alone is told. Times are milliseconds since 1970, by the store's clock. */
export type AccountDevice = Device & {
  readonly id: string;
  /** What its owner calls it; null where they gave it no name. */
  readonly label: string | null;
  readonly firstSeenAt: number;
  /** When a session was opened on it last. */
  readonly lastSeenAt: number;
};

/** An account knows so many devices: with one more, the one that was not seen for longest is forgotten. */
export const MOST_DEVICES = 100;

/** A label has no more letters: as much as is read at a glance. */
export const LONGEST_LABEL = 64;

/** Control characters, halves of letters, what ends a line, what turns the direction of text, and what cannot be seen. */
const UNWRITABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\u00ad\u200b\u2060-\u206f\ufeff\ufff9-\ufffb]/u;

const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u;

/** What an owner calls a device, as it is kept: NFC, without white space around it, `''` for no name; or what is wrong with it. */
export function deviceLabelFrom(given: string): string | { readonly flaw: 'malformed' | 'too_long' } {
  const label = given.normalize('NFC').trim();
  if (label === '') return '';
  if (label.length > LONGEST_LABEL && [...label].length > LONGEST_LABEL) return { flaw: 'too_long' };
  return UNWRITABLE.test(label) || !VISIBLE.test(label) ? { flaw: 'malformed' } : label;
}

/** What a displaced session may learn of its successor: no address, no id, no token. */
export type DeviceSummary = { readonly name: string; readonly class: DeviceClass };

export const UNKNOWN_DEVICE: DeviceSummary = { name: 'an unknown device', class: 'unknown' };
