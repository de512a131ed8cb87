/** What kind of device a session lives on. A class that a client merely claims buys it nothing. */
export type DeviceClass = 'web' | 'mobile' | 'desktop' | 'tv' | 'cli' | 'unknown';

export type Device = {
  /** Issued and signed by this server, per account; null for a key that came from elsewhere. */
  readonly id: string | null;
  readonly class: DeviceClass;
  /** A name from a fixed vocabulary, such as `Firefox on Windows`; never the raw user agent. */
  readonly name: string;
};

/** What a displaced session may learn of its successor: no address, no id, no token. */
export type DeviceSummary = { readonly name: string; readonly class: DeviceClass };

export const UNKNOWN_DEVICE: DeviceSummary = { name: 'an unknown device', class: 'unknown' };
