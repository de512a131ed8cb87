import type { Transporter } from 'nodemailer';
import type { Mail } from './message.ts';

/** Hands a mail over to somebody who delivers it. Resolves when it was taken; rejects when it should be tried again. */
export type Send = (mail: Mail & { readonly from: string; readonly messageId: string }) => Promise<void>;

/** What the other side said will not change by trying again: the mail is given up and kept for an operator. */
export class UndeliverableMail extends Error {
  override readonly name = 'UndeliverableMail';
}

/** Sends by SMTP, over a few kept connections. The library is loaded with the first mail. */
export function smtpSender(url: string): { readonly send: Send; close(): void } {
  let opened: Promise<Transporter> | null = null;
  return {
    async send(mail) {
      opened ??= openTransport(url);
      const transport = await opened;
      try {
        await transport.sendMail(mail);
      } catch (error) {
        throw isFinal(error) ? new UndeliverableMail(String(error), { cause: error }) : error;
      }
    },
    close() {
      opened?.then((transport) => transport.close()).catch(() => undefined);
    },
  };
}

/** The URL's own parameters win over these. */
const DEFAULTS = {
  pool: 'true',
  maxConnections: '2',
  connectionTimeout: '10000',
  greetingTimeout: '10000',
  socketTimeout: '10000',
};

/** Connections to the mail server of a URL, none of which waits for ever. */
export async function openTransport(given: string): Promise<Transporter> {
  const { createTransport } = await import('nodemailer');
  const url = new URL(given);
  for (const [name, value] of Object.entries(DEFAULTS)) {
    if (!url.searchParams.has(name)) url.searchParams.set(name, value);
  }
  return createTransport(url.href);
}

/** A 5xx to the recipient or the content (RFC 5321, 4.2.1): the server will say the same the next time. */
function isFinal(error: unknown): boolean {
  if (!(error instanceof Error) || !('responseCode' in error) || !('command' in error)) return false;
  return Number(error.responseCode) >= 500 && (error.command === 'RCPT TO' || error.command === 'DATA');
}
