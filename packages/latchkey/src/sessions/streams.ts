/** Who is to be told at once what becomes of a session: the pages and apps that hold an event stream open. */
import type { AccountId, SessionId } from '../model/account.ts';
import { Refusal } from '../model/reasons.ts';
import type { TokenRef } from '../model/session.ts';
import type { Settings } from '../model/settings.ts';
import type { SessionChange, Store } from '../stores/store.ts';
import type { Endings, Warn } from './endings.ts';
import { prospect, type Refused, refusedFor } from './verify.ts';

/** Where a stream's bytes go. Nothing here throws; what is written to a reader who is gone is lost. */
export type Sink = {
  write(bytes: Uint8Array): void;
  /** How many bytes were written that the reader has not taken. */
  waitingBytes(): number;
  /** No more will come; what was written still goes out. */
  end(): void;
  /** Lets go of the reader, and of what it has not taken. */
  cut(): void;
};

/** What is said on a stream, in bytes. */
export type Words = {
  readonly beat: Uint8Array;
  /** Something happened to another session of the account, or to a request for one. */
  changed(change: SessionChange): Uint8Array;
  /** The last that is said: the session is over. `position` is the last that the stream has told of. */
  over(refused: Refused, position: number): Uint8Array;
  /** The server ends the stream though the session goes on. */
  comeBack(): Uint8Array;
};

export type Follower = {
  readonly session: { readonly id: SessionId; readonly accountId: AccountId };
  readonly token: TokenRef;
  /** The position up to which its reader has been told already, or null. */
  readonly told: number | null;
  readonly words: Words;
  /** For so long what its reader has shown is enough: then it comes back, and shows it again. null for as long as the session is live. */
  readonly forMs: number | null;
};

export type Opening =
  | {
      readonly kind: 'open';
      /** What is told are all changes after this. */
      readonly position: number;
      /** Whether that is where the reader left off: where not, it may have missed something. */
      readonly isResumed: boolean;
      /** Begins with `first`. Returns what is to be called when the reader is gone. */
      start(sink: Sink, first: Uint8Array): () => void;
    }
  /** The session ended meanwhile. */
  | { readonly kind: 'over'; readonly refused: Refused };

export type Streams = {
  /**
   * Takes a place. Throws `too_many_streams` where the account has as many as it may, `busy` where the server has, and after
   * the end. Whoever gets `open` must start it.
   */
  open(follower: Follower): Promise<Opening>;
  /** How many there are. */
  count(): number;
  /** Ends them all, and takes no more. */
  close(): void;
};

export type StreamParts = {
  readonly store: Store;
  readonly settings: Settings;
  readonly endings: Endings;
  readonly warn: Warn;
};

/** What a reader may leave lying; everything that is ever said at once is far less. */
export const MOST_WAITING_BYTES = 65_536;

/** A reader who has missed more starts afresh. */
const MOST_MISSED = 100;

/** How near to its time a session's end by time alone is told. */
const TICK_MS = 1_000;

const RETRY_AFTER_SECONDS = 30;

type Stream = {
  readonly sessionId: SessionId;
  readonly accountId: AccountId;
  /** Its bytes as letters: a tenth of what a buffer of its own takes. */
  readonly tokenHash: string;
  readonly words: Words;
  /** null until the stream was started. */
  sink: Sink | null;
  /** What happened before it was started. */
  early: SessionChange[] | null;
  /** Everything up to here was told. */
  position: number;
  ticksToBeat: number;
  ticksToEnd: number;
  ticksToLeave: number;
  /** Something was waiting at the last beat. */
  isSlow: boolean;
};

function tokenOf({ accountId, tokenHash }: Stream): TokenRef {
  return { accountId, hash: Buffer.from(tokenHash, 'latin1') };
}

/** Whose change it is, and of which session; null where it is of none. */
function subjectOf(change: SessionChange): { readonly accountId: AccountId; readonly sessionId: SessionId | null } {
  switch (change.kind) {
    case 'opened':
      return change.opening;
    case 'ended':
      return change.ending;
    case 'approval_asked':
      return { accountId: change.asking.accountId, sessionId: null };
    case 'approval_answered':
      return { accountId: change.answer.accountId, sessionId: null };
  }
}

/** Keeps the streams of this process: one timer and one listener for all of them, whatever their number. */
export function sessionStreams({ store, settings, endings, warn }: StreamParts): Streams {
  const { perAccount, total, heartbeatMs } = settings.events;
  const tickMs = Math.min(TICK_MS, heartbeatMs);
  const ticksIn = (ms: number): number => Math.max(1, Math.ceil(ms / tickMs));
  const byAccount = new Map<AccountId, Set<Stream>>();
  let count = 0;
  let timer: NodeJS.Timeout | null = null;
  let stopListening: (() => void) | null = null;
  let isClosed = false;

  const add = (stream: Stream): void => {
    const ofAccount = byAccount.get(stream.accountId) ?? new Set();
    byAccount.set(stream.accountId, ofAccount.add(stream));
    count++;
    timer ??= setInterval(tick, tickMs).unref();
    stopListening ??= endings.onChange(hear);
  };

  const remove = (stream: Stream): void => {
    const ofAccount = byAccount.get(stream.accountId);
    if (ofAccount?.delete(stream) !== true) return;
    count--;
    if (ofAccount.size === 0) byAccount.delete(stream.accountId);
    if (count > 0 || timer === null) return;
    clearInterval(timer);
    timer = null;
  };

  const write = (stream: Stream, bytes: Uint8Array): void => {
    const { sink } = stream;
    if (sink === null) return;
    if (sink.waitingBytes() + bytes.byteLength <= MOST_WAITING_BYTES) sink.write(bytes);
    else cut(stream);
  };

  /** Takes the sink away, so that nothing is written to it any more. */
  const release = (stream: Stream): Sink | null => {
    const { sink } = stream;
    stream.sink = null;
    remove(stream);
    return sink;
  };

  const cut = (stream: Stream): void => release(stream)?.cut();

  const finish = (stream: Stream, last: Uint8Array): void => {
    write(stream, last);
    release(stream)?.end();
  };

  const over = (stream: Stream, refused: Refused): void => finish(stream, stream.words.over(refused, stream.position));

  /** Once and in its order, whatever was told before. */
  const tell = (stream: Stream, change: SessionChange): void => {
    if (change.position <= stream.position) return;
    stream.position = change.position;
    const { sessionId } = subjectOf(change);
    if (sessionId !== stream.sessionId) write(stream, stream.words.changed(change));
    else if (change.kind === 'ended') over(stream, refusedFor(change.ending));
  };

  const hear = (change: SessionChange): void => {
    const { accountId } = subjectOf(change);
    for (const stream of byAccount.get(accountId) ?? []) {
      if (stream.early === null) tell(stream, change);
      else stream.early.push(change);
    }
  };

  const beat = (stream: Stream): void => {
    // One that nobody has started by now, nobody will.
    if (stream.sink === null) {
      remove(stream);
      return;
    }
    stream.ticksToBeat = ticksIn(heartbeatMs);
    const isSlow = stream.sink.waitingBytes() > 0;
    if (isSlow && stream.isSlow) {
      cut(stream);
      return;
    }
    stream.isSlow = isSlow;
    write(stream, stream.words.beat);
  };

  /** Time alone may have ended the session. */
  const lookAgain = async (stream: Stream): Promise<void> => {
    stream.ticksToEnd = ticksIn(heartbeatMs);
    const state = await prospect({ store, settings }, tokenOf(stream));
    if (state.live) stream.ticksToEnd = ticksIn(state.forMs);
    else over(stream, state);
  };

  /** The session goes on, and its reader has to show again that it is theirs. */
  const leave = (stream: Stream): void => {
    if (stream.sink !== null) finish(stream, stream.words.comeBack());
  };

  const tickOf = (stream: Stream): void => {
    if (--stream.ticksToLeave <= 0) leave(stream);
    if (--stream.ticksToBeat <= 0) beat(stream);
    if (stream.sink === null || --stream.ticksToEnd > 0) return;
    lookAgain(stream).catch((error: unknown) => warn({ err: error }, 'whether a session is over could not be read'));
  };

  function tick(): void {
    for (const streams of byAccount.values()) for (const stream of streams) tickOf(stream);
  }

  /** Where telling begins: where the reader left off and what it has missed since, or now. */
  const beginning = async (
    stream: Stream,
    told: number | null,
  ): Promise<{ at: number; missed: readonly SessionChange[] | null }> => {
    const now = await store.sessions.position();
    if (told === null || told > now) return { at: now, missed: null };
    const limit = MOST_MISSED + 1;
    const missed = await store.sessions.changesOf({ accountId: stream.accountId, after: told, limit });
    return missed.length < limit ? { at: told, missed } : { at: now, missed: null };
  };

  const refuseMore = (accountId: AccountId): void => {
    const retryAfterSeconds = RETRY_AFTER_SECONDS;
    if (isClosed || count >= total) throw new Refusal('busy', { retryAfterSeconds });
    const held = byAccount.get(accountId)?.size ?? 0;
    if (held >= perAccount) throw new Refusal('too_many_streams', { retryAfterSeconds });
  };

  const start = (stream: Stream, missed: readonly SessionChange[], sink: Sink, first: Uint8Array): (() => void) => {
    stream.sink = sink;
    write(stream, first);
    if (isClosed || byAccount.get(stream.accountId)?.has(stream) !== true) finish(stream, stream.words.comeBack());
    const waiting = [...missed, ...(stream.early ?? [])];
    stream.early = null;
    for (const change of waiting) tell(stream, change);
    return () => void release(stream);
  };

  return {
    async open({ session, token, told, words, forMs }) {
      refuseMore(session.accountId);
      const stream: Stream = {
        ...{ sessionId: session.id, accountId: session.accountId, words },
        tokenHash: Buffer.from(token.hash).toString('latin1'),
        ...{ sink: null, early: [], position: 0, ticksToBeat: ticksIn(heartbeatMs), ticksToEnd: 1, isSlow: false },
        ticksToLeave: forMs === null ? Number.POSITIVE_INFINITY : ticksIn(forMs),
      };
      add(stream);
      try {
        // In this order: what is committed before the last reading is seen by it, what is committed after the first is heard.
        await endings.begun();
        const { at, missed } = await beginning(stream, told);
        const state = await prospect({ store, settings }, token);
        if (!state.live) {
          remove(stream);
          return { kind: 'over', refused: state };
        }
        stream.position = at;
        stream.ticksToEnd = ticksIn(state.forMs);
        return {
          kind: 'open',
          position: at,
          isResumed: missed !== null,
          start: (sink, first) => start(stream, missed ?? [], sink, first),
        };
      } catch (error) {
        remove(stream);
        throw error;
      }
    },
    count: () => count,
    close() {
      isClosed = true;
      stopListening?.();
      for (const stream of [...byAccount.values()].flatMap((streams) => [...streams])) {
        if (stream.sink !== null) finish(stream, stream.words.comeBack());
      }
    },
  };
}
