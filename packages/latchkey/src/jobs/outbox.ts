import type { Keys } from '../crypto/keys.ts';
import type { KeptMessage, Mail } from '../mail/message.ts';
import { render, type Templates } from '../mail/render.ts';
import { type Send, UndeliverableMail } from '../mail/smtp.ts';
import type { OutboxEntry, OutboxItem, Store } from '../stores/store.ts';
import { isLanguage, LANGUAGES } from '../texts/reader.ts';

export type Log = { info(details: object, message: string): void; warn(details: object, message: string): void };

export type OutboxJob = {
  /** There is something to send: look now. */
  nudge(): void;
  /** Sends what is due, and returns when that is done. */
  drain(): Promise<void>;
  /** Stops; what is being sent has ten seconds to be finished, and is tried again by whoever comes next. */
  stop(): Promise<void>;
};

export type OutboxOptions = {
  readonly store: Store;
  readonly keys: Keys;
  readonly log: Log;
  readonly send: Send;
  readonly from: string;
  /** The host name that people know. */
  readonly site: string;
  readonly templates: Templates;
};

const SEALED_FOR = 'outbox';
const LOOK_EVERY_MS = 5_000;
const BATCH = 10;

/** Longer than handing over a batch takes: whoever holds one after that has died. */
const LEASE_MS = 300_000;

/** A mail that nobody has taken by then is tried again, with the same name: taken late, too, it is one mail to its reader. */
const SEND_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 10_000;

const FIRST_RETRY_MS = 10_000;
const LONGEST_RETRY_MS = 3_600_000;
const GIVE_UP_AFTER_MS = 3 * 24 * 3_600_000;

/** A message as the outbox keeps it: sealed, for it may carry the secret of a link. */
export function sealMessage(keys: Keys, message: KeptMessage): OutboxItem {
  return { topic: 'mail', payload: keys.seal(SEALED_FOR, JSON.stringify(message)) };
}

/** A kept message in words; null for the one that goes to nobody. Throws where it does not open. */
export async function openMail(
  { keys, site, templates }: Pick<OutboxOptions, 'keys' | 'site' | 'templates'>,
  entry: OutboxEntry,
): Promise<Mail | null> {
  const message = JSON.parse(keys.open(SEALED_FOR, entry.payload)) as KeptMessage;
  if (message.kind === 'nothing') return null;
  // One that was put there before languages were kept has none.
  const language = isLanguage(message.language) ? message.language : LANGUAGES[0];
  return await render({ ...message, language, at: entry.createdAt }, site, templates);
}

/** How long to wait before the next try, by how often it was tried; null when it is time to give up. */
export function retryDelayMs(attempts: number, ageMs: number): number | null {
  if (ageMs >= GIVE_UP_AFTER_MS) return null;
  return Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** attempts);
}

/** Sends what waits in the outbox, whichever process put it there; tries again where nobody takes it. */
export function startOutbox(options: OutboxOptions): OutboxJob {
  const { store, log } = options;
  let running: Promise<void> = Promise.resolve();
  let isWanted = false;
  let isStopped = false;
  const leaving = new AbortController();

  const failed = async (entry: OutboxEntry, error: unknown, trace: object): Promise<void> => {
    const delayMs = error instanceof UndeliverableMail ? null : retryDelayMs(entry.attempts, entry.ageMs);
    const outcome = delayMs === null ? 'a mail was given up' : 'a mail could not be sent and waits';
    log.warn({ ...trace, outbox: entry.id, retryInMs: delayMs }, outcome);
    const reason = error instanceof Error ? error.message : String(error);
    await store.outbox.retry({ id: entry.id, delayMs, error: reason });
  };

  const sendOne = async (entry: OutboxEntry): Promise<void> => {
    let isOpened = false;
    try {
      const mail = await openMail(options, entry);
      isOpened = true;
      const messageId = `<outbox-${entry.id}-${entry.createdAt}@${options.site}>`;
      if (mail !== null) await inTime(options.send({ ...mail, from: options.from, messageId }), leaving.signal);
      await store.outbox.done(entry.id);
    } catch (error) {
      await failed(entry, error, isOpened ? traceOf(error) : { err: error });
    }
  };

  const sendAll = async (): Promise<void> => {
    for (let isMore = true; isMore && !isStopped; ) {
      const entries = await store.outbox.claim({ limit: BATCH, leaseMs: LEASE_MS });
      await Promise.all(entries.map(sendOne));
      isMore = entries.length === BATCH;
    }
  };

  /** One round at a time; a wish during a round is another round after it. */
  const drain = (): Promise<void> => {
    if (!isWanted) {
      isWanted = true;
      // Whatever became of the round before it: this one takes place.
      running = running
        .catch(() => undefined)
        .then(async () => {
          isWanted = false;
          await sendAll();
        });
    }
    return running;
  };

  const nudge = (): void => {
    if (isStopped) return;
    drain().catch((error: unknown) => {
      log.warn({ err: error }, 'the outbox could not be read; the next round is another try');
    });
  };

  const timer = setInterval(nudge, LOOK_EVERY_MS).unref();
  return {
    nudge,
    drain,
    async stop() {
      isStopped = true;
      clearInterval(timer);
      const deadline = setTimeout(() => leaving.abort(), STOP_WITHIN_MS);
      await running.catch(() => undefined);
      clearTimeout(deadline);
    },
  };
}

/** Whoever sends may be a host's own code, which may never end: all other mails would wait for it. */
async function inTime(sending: Promise<void>, leaving: AbortSignal): Promise<void> {
  const late = Promise.withResolvers<never>();
  const giveUp = (why: string) => (): void => late.reject(new SendAbandoned(why));
  const leave = giveUp('The process ends before it was taken.');
  leaving.addEventListener('abort', leave);
  const timer = setTimeout(giveUp(`Nobody took it within ${SEND_WITHIN_MS / 1000} seconds.`), SEND_WITHIN_MS);
  try {
    await Promise.race([sending, late.promise]);
  } finally {
    clearTimeout(timer);
    leaving.removeEventListener('abort', leave);
  }
}

class SendAbandoned extends Error {
  override readonly name = 'SendAbandoned';
}

/** What the log may know of a failure: whoever sends may have put addresses into its message and its fields. */
function traceOf(error: unknown): object {
  const given = error instanceof UndeliverableMail ? error.cause : error;
  if (!(given instanceof Error)) return {};
  const { name, code, command, responseCode }: Error & { code?: unknown; command?: unknown; responseCode?: unknown } =
    given;
  return { error: name, code, command, status: responseCode };
}
