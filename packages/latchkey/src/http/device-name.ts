/** What kind of device asks, from its client hints and its user agent, in words of our own: what a client says of itself is never repeated. */
import { type DeviceClass, type DeviceSummary, UNKNOWN_DEVICE } from '../model/device.ts';
import type { HeaderSource } from './credential.ts';

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

/** Brands of `Sec-CH-UA`, the most telling first: what is built on Chromium names that as well, and may say that it is Chrome. */
const BRANDS: readonly (readonly [brand: string, name: string])[] = [
  ['Microsoft Edge', 'Microsoft Edge'],
  ['Opera', 'Opera'],
  ['Opera GX', 'Opera'],
  ['Vivaldi', 'Vivaldi'],
  ['Brave', 'Brave'],
  ['DuckDuckGo', 'DuckDuckGo'],
  ['Samsung Internet', 'Samsung Internet'],
  ['YaBrowser', 'Yandex Browser'],
  ['Yandex', 'Yandex Browser'],
  ['NAVER Whale', 'NAVER Whale Browser'],
  ['Google Chrome', 'Chrome'],
];

/** Platforms of `Sec-CH-UA-Platform`. */
const PLATFORMS: ReadonlyMap<string, string> = new Map([
  ...['Windows', 'macOS', 'Linux', 'Android', 'iOS', 'Chrome OS'].map((platform) => [platform, platform] as const),
  ['Chromium OS', 'Chrome OS'],
]);

/** Models of `Sec-CH-UA-Model` that many have, by the family that people know them by. */
const MODELS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/^Pixel\b/, 'Pixel'],
  [/^SM-[A-Z]\d/, 'Galaxy'],
  [/^(?:Redmi|POCO|Mi)\b/i, 'Xiaomi'],
  [/^moto\b/i, 'Motorola'],
  [/^ONEPLUS\b/i, 'OnePlus'],
];

type Hints = {
  readonly brands: readonly string[];
  readonly platform: string | null;
  readonly model: string | null;
};

/** Client hints go before the user agent, which browsers have frozen and share with each other. */
export async function deviceOf(headers: HeaderSource): Promise<DeviceSummary> {
  const userAgent = (headers.get('user-agent') ?? '').slice(0, LONGEST);
  const hints = hintsIn(headers);
  if (userAgent === '' && hints.brands.length === 0) return UNKNOWN_DEVICE;
  const app = APPS.find(([pattern]) => pattern.test(userAgent));
  if (app !== undefined) return { name: app[1], class: app[2] };
  return await browserOf(userAgent, hints);
}

async function browserOf(userAgent: string, hints: Hints): Promise<DeviceSummary> {
  const { default: Bowser } = await import('bowser');
  const brands = hints.brands.map((brand) => ({ brand, version: '' }));
  // Without a user agent it throws.
  const said = Bowser.parse(userAgent || '-', { brands });
  const branded = BRANDS.find(([brand]) => hints.brands.includes(brand))?.[1];
  // What it does not know it names by the words of the user agent itself.
  const known = Object.values(Bowser.BROWSER_MAP).find((name) => name === said.browser.name);
  const browser = branded ?? known ?? (hints.brands.includes('Chromium') ? 'Chromium' : undefined);
  const system = hints.platform ?? Object.values(Bowser.OS_MAP).find((name) => name === said.os.name);
  if (browser === undefined && system === undefined) return UNKNOWN_DEVICE;
  const called = browser === undefined || browser === system ? 'a browser' : browser.replace(' for Android', '');
  const on = system === undefined ? [] : [familyOf(system, hints.model, said.platform.model)];
  return { name: [called, ...on].join(' on '), class: classOf(browser, said.platform.type) };
}

/** What runs iOS, as people call it. */
const APPLE: readonly string[] = ['iPhone', 'iPad', 'iPod'];

function familyOf(system: string, hinted: string | null, said: string | undefined): string {
  if (system === 'Android' && hinted !== null) return `${system} (${hinted})`;
  return (system === 'iOS' ? APPLE.find((model) => model === said) : undefined) ?? system;
}

/** `type` as the library has it; none for a browser on what it does not know. */
function classOf(browser: string | undefined, type: string | undefined): DeviceClass {
  if (browser === 'Electron') return 'desktop';
  if (type === undefined) return browser === undefined ? 'unknown' : 'web';
  return classes.get(type) ?? 'unknown';
}

const classes: ReadonlyMap<string, DeviceClass> = new Map([
  ['desktop', 'web'],
  ['mobile', 'web'],
  ['tablet', 'web'],
  ['tv', 'tv'],
]);

/** A brand and its version in a list (RFC 8941, 3.1; UA Client Hints, 3.1). */
const BRAND = /"((?:[^"\\]|\\.)*)"\s*;\s*v="[^"]*"/g;

function hintsIn(headers: HeaderSource): Hints {
  const brands = [...hint(headers, 'sec-ch-ua').matchAll(BRAND)].map(([, brand = '']) => brand);
  const model = wordIn(hint(headers, 'sec-ch-ua-model'));
  return {
    brands,
    platform: PLATFORMS.get(wordIn(hint(headers, 'sec-ch-ua-platform'))) ?? null,
    model: MODELS.find(([pattern]) => pattern.test(model))?.[1] ?? null,
  };
}

function hint(headers: HeaderSource, name: string): string {
  return (headers.get(name) ?? '').slice(0, LONGEST);
}

/** What stands in quotes. */
function wordIn(text: string): string {
  return /^"([^"\\]*)"$/.exec(text.trim())?.[1] ?? '';
}
