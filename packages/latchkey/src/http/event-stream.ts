/** Server-sent events, as the HTML standard has them (9.2, “Server-sent events”): their text, and a stream as a body. */
import { randomInt } from 'node:crypto';
import type { SessionId } from '../model/account.ts';
import { MOST_WAITING_BYTES, type Words } from '../sessions/streams.ts';
import { type Refused, refusedFor } from '../sessions/verify.ts';
import type { SessionChange } from '../stores/store.ts';
import { bodyOfRefusal } from './authenticate.ts';
import type { StartStream } from './call.ts';
import { isoTime } from './time.ts';

/** Clients come back after so long, each after another time: a server that starts again must not be asked by all at once. */
const RETRY_FROM_MS = 1_000;
const RETRY_TO_MS = 5_000;

/** Up to where a client was told, as it says in `Last-Event-ID`. */
export type Told = {
  readonly position: number | null;
  /** The session of whose end it was told. */
  readonly over: SessionId | null;
};

const EVENT_ID = /^(\d{1,15})(?:\.(ses_[0-9A-Za-z]+))?$/;

/** What is no id of ours tells nothing. */
export function toldBy(lastEventId: string | null): Told {
  const [, position, over] = EVENT_ID.exec(lastEventId ?? '') ?? [];
  return { position: position === undefined ? null : Number(position), over: over ?? null };
}

type StreamEvent = { readonly event: string; readonly id: string | number; readonly data: unknown };

/** JSON has no line breaks of its own, so data is one line. */
function text({ event, id, data }: StreamEvent): string {
  return `event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`;
}

const bytes = (written: string): Uint8Array => Buffer.from(written);

const retry = (): string => `retry: ${randomInt(RETRY_FROM_MS, RETRY_TO_MS + 1)}\n`;

/** The first event: whose stream it is, how far apart heartbeats are, and whether the client may have missed something. */
export function hello(
  sessionId: SessionId,
  { position, isResumed }: { readonly position: number; readonly isResumed: boolean },
  heartbeatMs: number,
): Uint8Array {
  const data = { session: sessionId, heartbeat_seconds: heartbeatMs / 1000, resumed: isResumed };
  return bytes(retry() + text({ event: 'hello', id: position, data }));
}

/** The last event: the body of the answer that the credential has from now on. */
export function ended(refused: Refused, via: 'header' | 'cookie', position: number): Uint8Array {
  const data = bodyOfRefusal({ kind: 'dead', refused, via });
  return bytes(text({ event: 'ended', id: `${position}.${refused.sessionId}`, data }));
}

function changed(change: SessionChange): Uint8Array {
  const id = change.position;
  if (change.kind === 'opened') {
    const { sessionId, device, at } = change.opening;
    const data = { id: sessionId, device: device.name, class: device.class, opened_at: isoTime(at) };
    return bytes(text({ event: 'session_opened', id, data }));
  }
  if (change.kind === 'approval_asked') {
    const { approvalId, device, place, at } = change.asking;
    const data = { id: approvalId, device: device.name, class: device.class, place, asked_at: isoTime(at) };
    return bytes(text({ event: 'approval_requested', id, data }));
  }
  if (change.kind === 'approval_answered') {
    const { approvalId, isApproved } = change.answer;
    return bytes(text({ event: 'approval_answered', id, data: { id: approvalId, approved: isApproved } }));
  }
  const refused = refusedFor(change.ending);
  const { detail: _, ...why } = bodyOfRefusal({ kind: 'dead', refused, via: 'header' });
  return bytes(text({ event: 'session_ended', id, data: { id: change.ending.sessionId, ...why } }));
}

const BEAT = bytes(':\n\n');

const common = { beat: BEAT, changed, comeBack: () => bytes(`${retry()}\n`) };

/** What streams say, by how their credential came: the end is worded as its refusal is. */
export const words: Readonly<Record<'header' | 'cookie', Words>> = {
  header: { ...common, over: (refused, position) => ended(refused, 'header', position) },
  cookie: { ...common, over: (refused, position) => ended(refused, 'cookie', position) },
};

/** A stream as the body of a `Response`. A reader who leaves more lying than may wait loses it. */
export function bodyOfStream(start: StartStream): ReadableStream<Uint8Array> {
  let gone = (): void => undefined;
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        gone = start({
          write: (chunk) => controller.enqueue(chunk),
          waitingBytes: () => MOST_WAITING_BYTES - (controller.desiredSize ?? 0),
          end: () => controller.close(),
          cut: () => controller.error(new Error('The reader did not take what was written.')),
        });
      },
      cancel: () => gone(),
    },
    { highWaterMark: MOST_WAITING_BYTES, size: (chunk) => chunk?.byteLength ?? 0 },
  );
}
