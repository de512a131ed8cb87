/** What the page of kept mails says. It is for developers, and in English alone. */
export const devMail = {
  title: 'Mails',
  lead: 'Without LATCHKEY_SMTP_URL, mails are kept here and sent to nobody. Development only.',
  none: 'No mails yet.',
} as const;
