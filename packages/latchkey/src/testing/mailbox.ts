import type { Mail } from '../mail/message.ts';
import type { Send } from '../mail/smtp.ts';

/** Takes mails instead of sending them. */
export type Mailbox = {
  /** To be given as `sendMail`. */
  readonly send: Send;
  /** What was taken, the oldest first. */
  readonly mails: readonly Mail[];
  /** Forgets what was taken. */
  clear(): void;
};

export function testMailbox(): Mailbox {
  const mails: Mail[] = [];
  return {
    mails,
    send: async ({ to, subject, text, html }) => {
      mails.push({ to, subject, text, html });
    },
    clear() {
      mails.length = 0;
    },
  };
}

/** The link in a mail's text. */
export function linkIn(mail: Mail | undefined): string {
  const link = /^[a-z][a-z+.-]*:\/\/\S+$/im.exec(mail?.text ?? '')?.[0];
  if (link === undefined) throw new Error(`There is no link in this mail: ${mail?.text ?? 'there is no mail'}`);
  return link;
}
