/** A real browser for tests: Chromium without a window. */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const USUAL = [
  '/usr/bin/chromium',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** Nothing that asks for anything beyond this machine. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

export async function openChromium(more: readonly string[] = []): Promise<Browser> {
  return await launch(await pathOfOne(), more);
}

/** A whole one, which can do what the packaged one leaves out. Only where `noWholeChromium` has no reason against it. */
export async function openWholeChromium(more: readonly string[] = []): Promise<Browser> {
  return await launch(installed() ?? '', more);
}

/** Why a whole Chromium cannot be had; null where it can. */
export function noWholeChromium(): string | null {
  return installed() === null
    ? `there is no ${USUAL[0]}: apt-get install chromium, or name one in LATCHKEY_TEST_CHROMIUM`
    : null;
}

async function launch(executablePath: string, more: readonly string[]): Promise<Browser> {
  return await chromium.launch({ executablePath, args: [...ARGUMENTS, ...more] });
}

/** What `LATCHKEY_TEST_CHROMIUM` names, or what is where it usually is. */
function installed(): string | null {
  return process.env['LATCHKEY_TEST_CHROMIUM'] ?? USUAL.find((usual) => existsSync(usual)) ?? null;
}

/** Where there is one for it, that which comes as a package: whatever else is installed, tests run in the same. */
async function pathOfOne(): Promise<string> {
  const isPacked = process.platform === 'linux' && process.arch === 'x64';
  const path = isPacked ? (process.env['LATCHKEY_TEST_CHROMIUM'] ?? null) : installed();
  if (path !== null) return path;
  const { default: packed } = await import('@sparticuz/chromium');
  return await packed.executablePath();
}
