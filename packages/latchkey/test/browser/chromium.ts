/** A real browser for tests: Chromium without a window, that of the machine where there is one. */
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
  return await chromium.launch({ executablePath: await pathOfOne(), args: [...ARGUMENTS, ...more] });
}

/** What `LATCHKEY_TEST_CHROMIUM` names, what is installed, or the one that comes as a package (Linux on x64). */
async function pathOfOne(): Promise<string> {
  const path = process.env['LATCHKEY_TEST_CHROMIUM'] ?? USUAL.find((usual) => existsSync(usual));
  if (path !== undefined) return path;
  const { default: packed } = await import('@sparticuz/chromium');
  return await packed.executablePath();
}
