import type { Account } from '../model/account.ts';
import type { DeviceSummary } from '../model/device.ts';
import type { Arrival } from '../stores/store.ts';
import { arrivalLink } from './links.ts';
import type { Parts } from './parts.ts';

/**
 * The mails that tell an account's owner of a device that it did not know; null where nobody is to be told. They name a device, a
 * place and a time, so that they go to addresses alone of which it is known whose they are.
 */
export function arrivalMails(
  parts: Pick<Parts, 'settings' | 'mail'>,
  { email: to, emailVerified, username }: Account,
  {
    device,
    place,
    isToldOtherwise,
  }: {
    readonly device: DeviceSummary;
    readonly place: string | null;
    /** Whether another mail tells of it where it takes the place of a device. */
    readonly isToldOtherwise: boolean;
  },
): Arrival | null {
  if (!parts.settings.mail.newDevice || !emailVerified) return null;
  const { hash: disown, href: link } = arrivalLink(parts.settings);
  const about = { to, username, link, device: device.name, class: device.class, place };
  return {
    mail: parts.mail({ kind: 'new-device', ...about }),
    last: parts.mail({ kind: 'new-devices', ...about }),
    ...{ disown, isToldOtherwise },
  };
}
