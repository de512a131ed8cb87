/** What a mail is about. It waits in the outbox as this, sealed, and is put into words when it leaves. */
export type Message =
  /** Nothing to anybody: what is put into the outbox for an address that nobody has, and dropped there. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'verify-email'; readonly to: string; readonly username: string; readonly link: string }
  | { readonly kind: 'reset-password'; readonly to: string; readonly username: string; readonly link: string }
  | { readonly kind: 'password-changed'; readonly to: string; readonly username: string; readonly link: string }
  | { readonly kind: 'address-in-use'; readonly to: string; readonly username: string; readonly link: string }
  | { readonly kind: 'invitation'; readonly to: string; readonly link: string }
  | { readonly kind: 'second-step-reset'; readonly to: string; readonly username: string; readonly link: string };

/** A mail in words, ready to be sent. */
export type Mail = {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
};
