import { html } from 'hono/html';
import { page } from './page.ts';
import { type SignedInVisit, show } from './visit.ts';

export type OwnDataView = {
  /** Where the file with the account's data is. */
  readonly exportPath: string;
};

const dataPage = page<OwnDataView>({
  name: 'data',
  title: (_, { words }) => words.data.title,
  isWide: true,
  template: ({ exportPath }, { words: { data: texts, form } }) => html`<h2>${texts.exportTitle}</h2>
<p>${texts.exportLead}</p>
<p><a class="button plain" href="${exportPath}" download>${texts.exportAction}</a></p>
<h2>${texts.closeTitle}</h2>
<p>${texts.closeLead}</p>
<p><a class="button plain" href="/account/close/">${texts.closeAction}</a></p>
<p class="links"><a href="/account/">${form.back}</a></p>`,
});

export async function showData(visit: SignedInVisit): Promise<Response> {
  return await show(visit, dataPage, { exportPath: `${visit.parts.settings.basePath}/user/export/` });
}
