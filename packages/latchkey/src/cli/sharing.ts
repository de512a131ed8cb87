import { type CutReport, findSharing, type SharingReport } from '../flows/find-sharing.ts';
import { LIKELY } from '../model/sharing.ts';
import type { Suspect } from '../model/sharing-watch.ts';
import { WINDOW_DAYS } from '../model/sign-in-trail.ts';
import { systemClock } from '../stores/clock.ts';
import { opened } from './opened.ts';
import { bar } from './progress.ts';
import { counted, wordsOf } from './sharing-words.ts';

export type SharingOptions = {
  readonly days: number;
  readonly top: number;
  readonly json: boolean;
  readonly ifLimit?: number;
};

const DAY_MS = 86_400_000;

/** Lists the accounts that are most likely passed around, and says whom another limit would cut. Changes nothing. */
export async function sharing(config: string | undefined, options: SharingOptions): Promise<void> {
  const { days, top, json, ifLimit: limit = null } = options;
  await opened(config, async ({ assembled }) => {
    const until = systemClock();
    const span = { from: until - days * DAY_MS, until };
    const { tell, clear } = progressOn(process.stderr);
    const report = await findSharing(assembled.parts.store, { ...span, top, limit, tell }).finally(clear);
    process.stdout.write(json ? `${JSON.stringify(asData(report, span), null, 2)}\n` : asTable(report, days));
  });
}

type Span = { readonly from: number; readonly until: number };

/** As it is documented in docs/sharing.md. */
function asData({ accounts, likely, suspects, cut }: SharingReport, { from, until }: Span): unknown {
  return {
    from: new Date(from).toISOString(),
    until: new Date(until).toISOString(),
    accounts,
    likely,
    threshold: LIKELY,
    suspects: suspects.map((suspect) => dataOf(suspect)),
    ...(cut !== null && { if_limit: cutData(cut) }),
  };
}

function dataOf({ accountId, score, at, evidence, reasons }: Suspect): unknown {
  return {
    account: accountId,
    score: rounded(score),
    at: new Date(at).toISOString(),
    takeovers_per_day: rounded(evidence.takeovers / WINDOW_DAYS),
    figures: Object.fromEntries(Object.entries(evidence).map(([name, value]) => [snake(name), value])),
    reasons: reasons.map((reason) => ({ code: reason.code, odds: rounded(reason.odds), text: wordsOf(reason) })),
  };
}

function cutData({ limit, accounts, signOuts, byDevices, most }: CutReport): unknown {
  return {
    ...{ limit, accounts, sign_outs: signOuts },
    devices_at_once: byDevices,
    most: most.map((one) => ({ account: one.accountId, devices: one.devicesAtOnce, sign_outs: one.signOuts })),
  };
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** `devices7` is `devices_7`, `fastestKmh` is `fastest_kmh`. */
function snake(name: string): string {
  return name.replace(/[A-Z]|\d+/g, (part) => `_${part.toLowerCase()}`);
}

function asTable({ accounts, likely, suspects, cut }: SharingReport, days: number): string {
  const span = days === 1 ? 'day' : `${days} days`;
  const head = `${counted(accounts, 'account')} signed in within the last ${span}; ${likely.toLocaleString('en')} ${likely === 1 ? 'is' : 'are'} likely passed around (a score of ${LIKELY.toFixed(2)} or more).`;
  const list = suspects.length === 0 ? [] : ['', `${'account'.padStart(10)}  score`, ...suspects.flatMap(linesOf)];
  const limit = cut === null ? [] : ['', ...cutLines(cut)];
  const last =
    suspects.length === 0 ? [] : ['', 'A score is a hint, and no proof: docs/sharing.md says what it cannot see.'];
  return `${[head, ...list, ...limit, ...last].join('\n')}\n`;
}

/** So many reasons are told where people read. */
const REASONS = 3;

const MARGIN = ' '.repeat(29);

function linesOf({ accountId, score, reasons }: Suspect): readonly string[] {
  const [first = '', ...others] = reasons.slice(0, REASONS).map(wordsOf);
  const line = `${String(accountId).padStart(10)}  ${score.toFixed(2)} ${barOf(score)}  ${first}`;
  return [line.trimEnd(), ...others.map((text) => MARGIN + text)];
}

function barOf(score: number): string {
  const full = Math.round(score * 10);
  return '█'.repeat(full) + '·'.repeat(10 - full);
}

function cutLines({ limit, accounts, signOuts, byDevices, most }: CutReport): readonly string[] {
  const few = `at most ${counted(limit, 'device')} at once`;
  if (accounts === 0) return [`With ${few} nobody would have been signed out.`];
  const had = byDevices
    .map((count, index) => ({ count, devices: index + 1, isLast: index === byDevices.length - 1 }))
    .filter(({ count }) => count > 0)
    .map(({ count, devices, isLast }) => {
      return `${String(devices).padStart(10)}${isLast ? '+' : ' '} ${count.toLocaleString('en').padStart(12)}`;
    });
  const whom = most.map(({ accountId, devicesAtOnce, signOuts: times }) => {
    return `${String(accountId).padStart(10)}  ${String(devicesAtOnce).padStart(7)}  ${String(times).padStart(9)}`;
  });
  return [
    `With ${few}, ${counted(accounts, 'account')} would have had devices signed out, ${counted(signOuts, 'time')} in all at the least.`,
    '',
    '   devices      accounts',
    ...had,
    '',
    '   account  devices  sign-outs',
    ...whom,
  ];
}

/** A bar on a terminal; nothing anywhere else. */
function progressOn(stream: NodeJS.WriteStream): {
  readonly tell: (progress: { readonly accountId: number; readonly highest: number }) => void;
  readonly clear: () => void;
} {
  let told = -1;
  const tell = ({ accountId, highest }: { readonly accountId: number; readonly highest: number }): void => {
    const percent = Math.min(100, Math.floor((100 * accountId) / Math.max(1, highest)));
    if (!stream.isTTY || percent === told) return;
    told = percent;
    stream.write(`\r${bar(percent)} ${percent} %`);
  };
  return { tell, clear: () => void (told >= 0 && stream.write('\r\x1b[2K')) };
}
