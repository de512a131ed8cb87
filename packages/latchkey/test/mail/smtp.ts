/** A real mail server for tests, which can be told to be difficult, and mails as their readers get them. */
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer } from 'smtp-server';

export type Taken = {
  /** Who it came from and went to by the envelope, which is what counts on its way. */
  readonly from: string;
  readonly to: readonly string[];
  readonly raw: string;
  readonly mail: Email;
};

/** What to answer, by the stage of the conversation: a status from 400 on, or a promise to keep the other side waiting. */
export type Trouble = {
  readonly from?: number;
  readonly to?: number;
  readonly data?: number;
  readonly hold?: Promise<void>;
};

export type MailServer = {
  readonly url: string;
  readonly port: number;
  /** What was taken, the oldest first. */
  readonly taken: readonly Taken[];
  /** How often somebody began to hand over a mail. */
  begun(): number;
  /** From now on, answers so. */
  be(trouble: Trouble): void;
  close(): Promise<void>;
};

/** Listens on a free port, or on the given one. */
export async function mailServer(port = 0): Promise<MailServer> {
  const taken: Taken[] = [];
  let trouble: Trouble = {};
  let begun = 0;
  const complain = (status: number | undefined): Error | null =>
    status === undefined ? null : Object.assign(new Error('so told'), { responseCode: status });
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    logger: false,
    onMailFrom(_, __, callback) {
      begun++;
      callback(complain(trouble.from));
    },
    onRcptTo(_, __, callback) {
      callback(complain(trouble.to));
    },
    onData(stream, session, callback) {
      const take = async (): Promise<void> => {
        const raw = await text(stream);
        await trouble.hold;
        const complaint = complain(trouble.data);
        if (complaint !== null) return callback(complaint);
        const { mailFrom, rcptTo } = session.envelope;
        const from = mailFrom === false ? '' : mailFrom.address;
        const to = rcptTo.map(({ address }) => address);
        taken.push({ from, to, raw, mail: await PostalMime.parse(raw) });
        callback();
      };
      // Whoever sends it may be killed in the middle of it.
      take().catch(() => undefined);
    },
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const listening = (server.server.address() as AddressInfo).port;
  return {
    url: `smtp://127.0.0.1:${listening}`,
    port: listening,
    taken,
    begun: () => begun,
    be(given) {
      trouble = given;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** A port at which nobody listens. */
export async function freePort(): Promise<number> {
  const server = await mailServer();
  await server.close();
  return server.port;
}
