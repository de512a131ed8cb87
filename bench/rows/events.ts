import { setTimeout as sleep } from 'node:timers/promises';
import { nameOf, PASSWORD } from '../data/database.ts';
import { onFile } from '../data/place.ts';
import { type Figure, plain, type Row } from '../harness/figure.ts';
import { percentile } from '../harness/spread.ts';
import type { DisplaceAsked, Displaced, OpenAsked } from '../load/streams.ts';
import { uncountedServer } from '../servers/environment.ts';
import { fill, writeTokens } from './fill.ts';

/** Node raises the number of files that it may open as far as the machine lets it: both sides need one for each stream. */
const ACCOUNTS = 1_000;
const EACH = 10;
const DISPLACED = 200;

/** A heartbeat later every stream was written to. */
const HEARTBEAT_MS = 16_000;

export const events: Row = {
  name: 'events',
  title: 'Event streams, and how soon a page is told that its session ended',
  needsPeers: false,
  async measure(bench) {
    const accounts = bench.isQuick ? ACCOUNTS / 10 : ACCOUNTS;
    const { path, tokens } = await fill(bench, accounts);
    const fills = writeTokens(bench, tokens);
    const environment = { ...uncountedServer(onFile(path)), LATCHKEY_EVENTS_TOTAL: String(accounts * EACH) };
    const server = await bench.start('servers/latchkey.ts', { environment });
    const load = await bench.start('load/streams.ts');
    const asked: OpenAsked = { port: server.port, fills, each: EACH };
    const idle = (await server.usage()).rssBytes;
    bench.progress.say('events: opening the streams');
    const count = await load.ask<number>('open', asked);
    const opened = (await server.usage()).rssBytes;
    bench.progress.say(`events: one more is answered by ${await load.ask<string>('openOneMore', asked)}`);
    bench.progress.say('events: a heartbeat');
    await sleep(HEARTBEAT_MS);
    const held = (await server.usage()).rssBytes;
    bench.progress.say('events: signing in');
    const half = Math.min(DISPLACED, accounts) / 2;
    const here = await load.ask<Displaced>('displace', displacing(server.port, 0, half));
    const other = await bench.start('servers/latchkey.ts', { environment });
    const elsewhere = await load.ask<Displaced>('displace', displacing(other.port, half, half));
    const streams = `${count.toLocaleString('en')} streams of ${accounts.toLocaleString('en')} accounts`;
    return [
      plain(`resident memory of \`latchkey serve\` with ${streams}`, 'MB', [held / 1e6], { measuredAtMost: 300 }),
      plain('the same, as the last was opened', 'MB', [opened / 1e6]),
      plain('what each takes', 'B', [(held - idle) / count]),
      ...figuresOf(`${half} sign-ins among them, from the answer to each of ${EACH} pages`, here),
      ...figuresOf('the same, signing in through another process on the same file', elsewhere),
    ];
  },
};

function displacing(port: number, from: number, count: number): DisplaceAsked {
  // The first of the tokens is the second account’s.
  const body = (at: number): string => JSON.stringify({ username: nameOf(from + at + 2), password: PASSWORD });
  return { port, from, bodies: Array.from({ length: count }, (_, at) => body(at)) };
}

function figuresOf(what: string, { tookMs }: Displaced): readonly Figure[] {
  return [
    plain(`${what}, p50`, 'ms', [percentile(tookMs, 0.5)]),
    plain('the same, p99', 'ms', [percentile(tookMs, 0.99)], { measuredAtMost: 1_000 }),
    plain('the same, the longest', 'ms', [percentile(tookMs, 1)]),
  ];
}
