/** What kind of device asks, from its user agent, in words of our own: what a client says of itself is never repeated. */
import { type DeviceClass, type DeviceSummary, UNKNOWN_DEVICE } from '../model/device.ts';

/** Longer ones say no more and cost more to look at. */
const LONGEST = 256;

/** Clients that are no browsers, the most telling first. */
const APPS: readonly (readonly [pattern: RegExp, name: string, deviceClass: DeviceClass])[] = [
  [/^curl\//i, 'curl', 'cli'],
  [/^wget\//i, 'Wget', 'cli'],
  [/^httpie\//i, 'HTTPie', 'cli'],
  [/^python-(?:requests|httpx|urllib)/i, 'a Python program', 'cli'],
  [/^(?:node|undici)/i, 'a Node.js program', 'cli'],
  [/^Go-http-client/i, 'a Go program', 'cli'],
  [/okhttp|^Dalvik\//i, 'an Android app', 'mobile'],
  [/CFNetwork|^Alamofire/i, 'an iOS app', 'mobile'],
  [/^Dart\//i, 'a mobile app', 'mobile'],
];

export async function deviceOf(userAgent: string | null): Promise<DeviceSummary> {
  const text = (userAgent ?? '').slice(0, LONGEST);
  if (text === '') return UNKNOWN_DEVICE;
  const app = APPS.find(([pattern]) => pattern.test(text));
  if (app !== undefined) return { name: app[1], class: app[2] };
  return await browserOf(text);
}

async function browserOf(userAgent: string): Promise<DeviceSummary> {
  const { default: Bowser } = await import('bowser');
  const { browser, os, platform } = Bowser.parse(userAgent);
  const deviceClass = classes[platform.type ?? ''] ?? 'unknown';
  // What it does not know it names by the words of the user agent itself.
  const known = Object.values(Bowser.BROWSER_MAP).find((name) => name === browser.name);
  if (known === undefined && os.name === undefined) return UNKNOWN_DEVICE;
  const name = [known ?? 'a browser', os.name].filter((part) => part !== undefined).join(' on ');
  return { name, class: deviceClass };
}

const classes: Readonly<Record<string, DeviceClass>> = { desktop: 'web', mobile: 'web', tablet: 'web', tv: 'tv' };
