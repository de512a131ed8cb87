import type { DeviceClass } from '../model/device.ts';
import type { Language } from '../texts/reader.ts';

/** What an account's owner is told after a change, with the way to take the account back. */
export type OwnerNotice =
  | {
      readonly kind:
        | 'password-changed'
        | 'second-step-reset'
        | 'second-step-on'
        | 'second-step-replaced'
        /** Past the first step of a sign-in, code after code was wrong. */
        | 'second-step-failed'
        | 'second-step-off'
        | 'recovery-codes-renewed'
        | 'recovery-code-used'
        | 'passkey-added'
        | 'passkey-removed'
        | 'email-change-asked';
    }
  | {
      readonly kind: 'social-connected' | 'social-disconnected';
      /** What people call it. */
      readonly provider: string;
    };

/** To the person who goes by this name. */
type ToOwner = { readonly to: string; readonly username: string; readonly link: string };

/** What a mail is about. */
export type Notice =
  /** Nothing to anybody: what is put into the outbox for an address that nobody has, and dropped there. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'invitation'; readonly to: string; readonly link: string }
  | (OwnerNotice & ToOwner)
  | (ToOwner & {
      readonly kind:
        | 'verify-email'
        | 'claim-email'
        | 'reset-password'
        | 'address-in-use'
        | 'change-email'
        | 'email-changed'
        | 'email-in-use'
        | 'key-misused';
    })
  | (ToOwner & {
      /** One of many is the last that is told of for a while. */
      readonly kind: 'new-device' | 'new-devices';
      /** In English, such as `Firefox on Windows`. */
      readonly device: string;
      readonly class: DeviceClass;
      /** Where it is, as the host named it; null where nobody said. */
      readonly place: string | null;
    })
  | (ToOwner & {
      /** `sign-in`: to be typed instead of following the link. `confirm-sign-in`: by whoever would take the place of a device. */
      readonly kind: 'sign-in' | 'confirm-sign-in';
      readonly code: string;
    })
  | (ToOwner & {
      readonly kind: 'place-taken';
      /** The new one, by its name in English, such as `Firefox on Windows`. */
      readonly device: string;
    });

/** As it waits in the outbox, sealed: put into words when it leaves, in the language of the request that caused it. */
export type KeptMessage = Notice & { readonly language: Language };

/** With the time at which it was put there: milliseconds since 1970, by the store's clock. */
export type Message = KeptMessage & { readonly at: number };

/** A mail in words, ready to be sent. */
export type Mail = {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
};
