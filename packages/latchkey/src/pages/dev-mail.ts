import { html } from 'hono/html';
import type { Mail } from '../mail/message.ts';
import { devMail as texts } from '../texts/dev-mail.ts';
import { type Html, page } from './page.ts';
import { show, type Visit } from './visit.ts';

/** The mails that nobody was there to take, the newest first, with their links. Served to the developer’s own machine alone. */
const keptMailsPage = page<{ readonly mails: readonly Mail[] }>({
  name: 'dev-mail',
  title: () => texts.title,
  isWide: true,
  template: ({ mails }) => html`<p class="muted">${texts.lead}</p>
${mails.length === 0 ? html`<p>${texts.none}</p>` : mails.map(articleOf)}`,
});

export async function showMails(visit: Visit, mails: readonly Mail[]): Promise<Response> {
  return await show(visit, keptMailsPage, { mails });
}

function articleOf(mail: Mail): Html {
  const [before, link, after] = splitAtLink(mail.text);
  return html`<article><p><strong>${mail.subject}</strong><br><span class="muted"><bdi>${mail.to}</bdi></span></p>
<pre dir="auto">${before}${link === '' ? '' : html`<a href="${link}">${link}</a>`}${after}</pre></article>`;
}

function splitAtLink(text: string): readonly [string, string, string] {
  const link = /^[a-z][a-z+.-]*:\/\/\S+$/im.exec(text);
  if (link === null) return [text, '', ''];
  return [text.slice(0, link.index), link[0], text.slice(link.index + link[0].length)];
}
