import { type Catalogue, fill } from './catalogue.ts';

/** The names that are no browser's, as they are kept, and where a catalogue has them. */
const NAMES: Readonly<Record<string, keyof Catalogue['deviceNames']>> = {
  'an unknown device': 'unknown',
  'a browser': 'browser',
  'an Android app': 'android',
  'an iOS app': 'ios',
  'a mobile app': 'mobile',
  'a Python program': 'python',
  'a Node.js program': 'node',
  'a Go program': 'go',
};

/** A device's name in its reader's language. Names are kept in English, from a fixed vocabulary: `Firefox on Windows`. */
export function deviceName({ deviceNames }: Catalogue, kept: string): string {
  const known = NAMES[kept];
  if (known !== undefined) return deviceNames[known];
  const [browser = '', system] = kept.split(' on ');
  if (system === undefined) return kept;
  return fill(deviceNames.browserOn, { browser: browser === 'a browser' ? deviceNames.browser : browser, system });
}
