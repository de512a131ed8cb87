import { deliverableEmail } from '../model/account.ts';
import { fill, type Speech, speechIn } from '../texts/catalogue.ts';
import { deviceName } from '../texts/devices.ts';
import { moment } from '../texts/time.ts';
import type { Mail, Message } from './message.ts';

type Addressed = Exclude<Message, { kind: 'nothing' }>;

/** Puts a message into words. A host application may give its own for any kind. */
export type Template<Kind extends Addressed['kind']> = (
  message: Extract<Addressed, { kind: Kind }>,
  site: string,
) => Omit<Mail, 'to'>;

export type Templates = { readonly [Kind in Addressed['kind']]?: Template<Kind> };

/** The mail for a message: the host's template where it gave one, else ours. `site` is the host name that people know. */
export async function render(message: Addressed, site: string, templates: Templates): Promise<Mail> {
  const template = templates[message.kind] as Template<Addressed['kind']> | undefined;
  const words = template === undefined ? await renderOurs(message, site) : template(message, site);
  return { to: deliverableEmail(message.to), ...words };
}

async function renderOurs(message: Addressed, site: string): Promise<Omit<Mail, 'to'>> {
  const speech = await speechIn(message.language);
  const { subject, lead, action, note } = speech.words.mails[message.kind];
  const code = 'code' in message ? message.code : null;
  const username = 'username' in message ? shortened(message.username) : '';
  const provider = 'provider' in message ? message.provider : '';
  const device = 'device' in message ? shortened(deviceName(speech.words, message.device)) : '';
  const names = { site, username, provider, device };
  const details = detailsOf(speech, message);
  const shown = [...(details.length > 0 ? [details.join('\n')] : []), ...(code === null ? [] : [code])];
  return {
    subject: fill(subject, { site, provider }),
    text: [fill(lead, names), ...shown, `${action}:\n${message.link}`, `${note}\n`].join('\n\n'),
    html: htmlOf({ speech, lead: fillHtml(lead, names), details, code, action, link: message.link, note, site }),
  };
}

/** What a mail tells of a device, line by line: what it is, where, and when. */
function detailsOf({ words, language }: Speech, message: Addressed): readonly string[] {
  if (!('place' in message)) return [];
  const { device, class: deviceClass, place, at } = message;
  const what = `${deviceName(words, device)} (${words.deviceClasses[deviceClass]})`;
  return [what, ...(place === null ? [] : [place]), moment(language, at)];
}

/** Anybody may sign up with anybody's address, and what they call themselves is read by its owner: a name, and no message. */
const LONGEST_NAME = 40;

function shortened(name: string): string {
  const letters = [...name];
  return letters.length > LONGEST_NAME ? `${letters.slice(0, LONGEST_NAME).join('')}…` : name;
}

type Names = { readonly site: string; readonly username: string; readonly provider: string; readonly device: string };

function fillHtml(text: string, { site, username, provider, device }: Names): string {
  const name = `<bdi>${escapeHtml(username)}</bdi>`;
  return fill(escapeHtml(text), {
    ...{ site: escapeHtml(site), username: name },
    ...{ provider: escapeHtml(provider), device: `<bdi>${escapeHtml(device)}</bdi>` },
  });
}

type Parts = {
  readonly speech: Speech;
  /** HTML already. */
  readonly lead: string;
  readonly details: readonly string[];
  readonly code: string | null;
  readonly action: string;
  readonly link: string;
  readonly note: string;
  readonly site: string;
};

function htmlOf({ speech: { language, dir }, lead, details, code, action, link, note, site }: Parts): string {
  const lines = details.map((line) => `<bdi>${escapeHtml(line)}</bdi>`).join('<br>\n');
  const font = 'font-family:system-ui,-apple-system,Segoe UI,Roboto,sans-serif';
  return `<!doctype html>
<html lang="${language}" dir="${dir}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"></head>
<body style="margin:0;padding:32px 16px;background:#f4f4f2;${font}">
<div style="max-width:480px;margin:0 auto;padding:32px;background:#fff;border-radius:12px;color:#1c1c1a;font-size:16px;line-height:1.5">
<p style="margin:0 0 24px;font-weight:600">${escapeHtml(site)}</p>
<p style="margin:0 0 24px">${lead}</p>
${lines === '' ? '' : `<p style="margin:0 0 24px;font-weight:600">${lines}</p>\n`}${code === null ? '' : `<p style="margin:0 0 24px;font-size:24px;letter-spacing:2px" dir="ltr"><b>${escapeHtml(code)}</b></p>\n`}<p style="margin:0 0 24px"><a href="${escapeHtml(link)}" style="display:inline-block;padding:12px 20px;background:#1c1c1a;color:#fff;border-radius:8px;text-decoration:none">${escapeHtml(action)}</a></p>
<p style="margin:0;color:#6b6b66;font-size:14px">${escapeHtml(note)}</p>
</div>
</body>
</html>
`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => ENTITIES[letter] ?? letter);
}
