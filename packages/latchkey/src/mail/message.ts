import type { Language } from '../texts/reader.ts';

/** What a mail is about. */
export type Notice =
  /** Nothing to anybody: what is put into the outbox for an address that nobody has, and dropped there. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'verify-email'; readonly to: string; readonly username: string; readonly link: string }
  | { readonly kind: 'reset-password'; readonly to: string; readonly username: string; readonly link: string }
  | { readonly kind: 'password-changed'; readonly to: string; readonly username: string; readonly link: string }
  | { readonly kind: 'address-in-use'; readonly to: string; readonly username: string; readonly link: string }
  | { readonly kind: 'invitation'; readonly to: string; readonly link: string }
  | { readonly kind: 'second-step-reset'; readonly to: string; readonly username: string; readonly link: string }
  | { readonly kind: 'second-step-on'; readonly to: string; readonly username: string; readonly link: string }
  | { readonly kind: 'second-step-off'; readonly to: string; readonly username: string; readonly link: string }
  | { readonly kind: 'recovery-codes-renewed'; readonly to: string; readonly username: string; readonly link: string }
  | { readonly kind: 'passkey-added'; readonly to: string; readonly username: string; readonly link: string }
  | { readonly kind: 'passkey-removed'; readonly to: string; readonly username: string; readonly link: string }
  | {
      readonly kind: 'sign-in';
      readonly to: string;
      readonly username: string;
      readonly link: string;
      /** To be typed instead. */
      readonly code: string;
    }
  | { readonly kind: 'change-email'; readonly to: string; readonly username: string; readonly link: string }
  | { readonly kind: 'email-change-asked'; readonly to: string; readonly username: string; readonly link: string }
  | { readonly kind: 'email-changed'; readonly to: string; readonly username: string; readonly link: string }
  | { readonly kind: 'email-in-use'; readonly to: string; readonly username: string; readonly link: string }
  | { readonly kind: 'recovery-code-used'; readonly to: string; readonly username: string; readonly link: string }
  | (ProviderNotice & { readonly kind: 'social-connected' })
  | (ProviderNotice & { readonly kind: 'social-disconnected' });

type ProviderNotice = {
  readonly to: string;
  readonly username: string;
  readonly link: string;
  /** What people call it. */
  readonly provider: string;
};

/** As it waits in the outbox, sealed: put into words when it leaves, in the language of the request that caused it. */
export type Message = Notice & { readonly language: Language };

/** A mail in words, ready to be sent. */
export type Mail = {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
};
