import type { Keys } from '../crypto/keys.ts';
import type { Mail, Message } from '../mail/message.ts';
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
  /** Stops; what is being sent is finished. */
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

const FIRST_RETRY_MS = 10_000;
const LONGEST_RETRY_MS = 3_600_000;
const GIVE_UP_AFTER_MS = 3 * 24 * 3_600_000;

/** A message as the outbox keeps it: sealed, for it may carry the secret of a link. */
export function sealMessage(keys: Keys, message: Message): OutboxItem {
  return { topic: 'mail', payload: keys.seal(SEALED_FOR, JSON.stringify(message)) };
}

/** A kept message in words; null for the one that goes to nobody. Throws where it does not open. */
export async function openMail(
  { keys, site, templates }: Pick<OutboxOptions, 'keys' | 'site' | 'templates'>,
  entry: OutboxEntry,
): Promise<Mail | null> {
  const message = JSON.parse(keys.open(SEALED_FOR, entry.payload)) as Message;
  if (message.kind === 'nothing') return null;
  // One that was put there before languages were kept has none.
  const language = isLanguage(message.language) ? message.language : LANGUAGES[0];
  return await render({ ...message, language }, site, templates);
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

  const sendOne = async (entry: OutboxEntry): Promise<void> => {
    try {
      const mail = await openMail(options, entry);
      const messageId = `<outbox-${entry.id}-${entry.createdAt}@${options.site}>`;
      if (mail !== null) await options.send({ ...mail, from: options.from, messageId });
      await store.outbox.done(entry.id);
    } catch (error) {
      const delayMs = error instanceof UndeliverableMail ? null : retryDelayMs(entry.attempts, entry.ageMs);
      const outcome = delayMs === null ? 'a mail was given up' : 'a mail could not be sent and waits';
      log.warn({ err: error, outbox: entry.id, retryInMs: delayMs }, outcome);
      const reason = error instanceof Error ? error.message : String(error);
      await store.outbox.retry({ id: entry.id, delayMs, error: reason });
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
      await running.catch(() => undefined);
    },
  };
}
