/** Where "this was not me" leads. It proves nothing, so it changes nothing: it shows the two ways that do. */
import { html } from 'hono/html';
import { page } from './page.ts';
import { show, type Visit } from './visit.ts';

const notMePage = page<Record<never, never>>({
  name: 'not-me',
  title: (_, { words }) => words.notMe.title,
  template: (_, { words: { notMe: texts } }) => html`<p>${texts.lead}</p>
<ol><li>${texts.signIn}</li><li>${texts.change}</li></ol>
<div class="actions"><a class="button" href="/login/?next=%2Faccount%2Fdevices%2F">${texts.signInAction}</a></div>
<h2>${texts.reset}</h2>
<div class="actions"><a class="button plain" href="/password/reset/">${texts.resetAction}</a></div>`,
});

export async function showNotMe(visit: Visit): Promise<Response> {
  return await show(visit, notMePage, {});
}
