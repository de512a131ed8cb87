import { html } from 'hono/html';
import type { Mail } from '../mail/message.ts';
import type { Settings } from '../model/settings.ts';
import { pages } from '../texts/pages.ts';
import { answerPage } from './layout.ts';

const texts = pages.devMail;

/** The mails that nobody was there to take, the newest first, with their links. Served in development alone. */
export async function showMails(settings: Settings, mails: readonly Mail[]): Promise<Response> {
  const content = html`<p class="quiet">${texts.lead}</p>
${mails.length === 0 ? html`<p>${texts.none}</p>` : mails.map(articleOf)}`;
  return await answerPage(settings, 200, { title: texts.title, content, isWide: true });
}

function articleOf(mail: Mail) {
  const [before, link, after] = splitAtLink(mail.text);
  return html`<article><p><strong>${mail.subject}</strong><br><span class="quiet">${mail.to}</span></p>
<pre>${before}${link === '' ? '' : html`<a href="${link}">${link}</a>`}${after}</pre></article>`;
}

function splitAtLink(text: string): readonly [string, string, string] {
  const link = /^[a-z][a-z+.-]*:\/\/\S+$/im.exec(text);
  if (link === null) return [text, '', ''];
  return [text.slice(0, link.index), link[0], text.slice(link.index + link[0].length)];
}
