/** Clients that hold event streams open, and note when each is told that its session ended. */
import { connect, type Socket } from 'node:net';
import { answers, ready } from '../harness/answers.ts';
import { fillsIn } from './fills.ts';

export type OpenAsked = {
  readonly port: number;
  /** A JSON file with `Authorization` headers, one for each account. */
  readonly fills: string;
  /** Streams of each account. */
  readonly each: number;
};

export type DisplaceAsked = {
  readonly port: number;
  /** The account that the first body signs in, in the order of `fills`. */
  readonly from: number;
  /** The bodies of sign-ins, account by account. */
  readonly bodies: readonly string[];
};

/** From the answer to a sign-in to the event on each stream that it ends, in milliseconds. */
export type Displaced = { readonly tookMs: readonly number[] };

type Stream = { readonly socket: Socket; readonly ended: Promise<number> };

const AT_ONCE = 100;

const byAccount: (readonly Stream[])[] = [];

/** Opens one stream, and waits for its first event; its answer's first line where it gets none. */
async function openOne(port: number, authorization: string): Promise<Stream | string> {
  const socket = connect({ port, host: '127.0.0.1' });
  const { promise: begun, resolve: begin, reject } = Promise.withResolvers<string | null>();
  const { promise: ended, resolve: end } = Promise.withResolvers<number>();
  let head = '';
  socket.setEncoding('latin1').on('error', reject);
  socket.on('data', (text: string) => {
    if (text.includes('event: ended')) end(performance.now());
    if (head.includes('event: hello')) return;
    head += text;
    if (head.includes('event: hello')) begin(null);
    else if (head.includes('\r\n\r\n') && !head.startsWith('HTTP/1.1 200 ')) begin(head);
  });
  socket.write(`GET /auth/events/ HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n${authorization}\r\n\r\n`);
  const refused = await begun;
  return refused ?? { socket, ended };
}

async function open({ port, fills, each }: OpenAsked): Promise<number> {
  const from = fillsIn(fills);
  const accounts = from.flatMap((_, account) => Array.from({ length: each }, () => account));
  for (let done = 0; done < accounts.length; done += AT_ONCE) {
    const part = accounts.slice(done, done + AT_ONCE);
    const opened = await Promise.all(part.map((account) => openOne(port, from[account] ?? '')));
    for (const [index, account] of part.entries()) {
      const stream = opened[index];
      if (typeof stream !== 'object') throw new Error(`A stream was refused: ${stream}`);
      byAccount[account] = [...(byAccount[account] ?? []), stream];
    }
  }
  return accounts.length;
}

/** The first line and the wait that one more is told. */
async function openOneMore({ port, fills }: OpenAsked): Promise<string> {
  const answer = await openOne(port, fillsIn(fills)[0] ?? '');
  if (typeof answer !== 'string') throw new Error('One stream more than the limit was let in.');
  const [line = ''] = answer.split('\r\n');
  return `${line.slice(9)}, ${/^retry-after: \d+/im.exec(answer)?.[0] ?? 'without a word when to ask again'}`;
}

async function displace({ port, from, bodies }: DisplaceAsked): Promise<Displaced> {
  const tookMs: number[] = [];
  for (const [index, body] of bodies.entries()) {
    const response = await fetch(`http://127.0.0.1:${port}/auth/login/`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    const answeredAt = performance.now();
    await response.arrayBuffer();
    if (response.status !== 200) throw new Error(`A sign-in was answered by ${response.status}.`);
    const ended = await Promise.all((byAccount[from + index] ?? []).map((stream) => stream.ended));
    // Told before the answer was: no time at all.
    tookMs.push(...ended.map((at) => Math.max(0, at - answeredAt)));
  }
  return { tookMs };
}

answers({ open, openOneMore, displace });
ready(null);
