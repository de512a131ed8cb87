/** The first page, and the pages of a host that look different to different people. */
import { html } from 'hono/html';
import { choiceByRole } from '../model/views.ts';
import { fillIn } from './controls.ts';
import type { Content } from './page.ts';
import type { ViewTemplates } from './view-types.ts';
import { answerFramed, contextOf, scriptsFor, type Visit } from './visit.ts';

const OURS: ViewTemplates = {
  signedOut: (_, { words }) => html`<p>${words.home.lead}</p>
<div class="actions"><a class="button" href="/login/">${words.frame.signIn}</a> <a class="button plain" href="/signup/">${words.signIn.signUp}</a></div>`,
  signedIn: ({ account }, { words }) => html`<p>${fillIn(words.home.hello, { name: account.username })}</p>
<p>${words.home.signedInLead}</p>
<div class="actions"><a class="button" href="/account/">${words.frame.account}</a> <a class="button plain" href="/account/devices/">${words.account.devices}</a></div>`,
};

export async function showHome(visit: Visit): Promise<Response> {
  return await showView(visit, visit.site.home ?? OURS);
}

/** Shows the template that is for who looks. */
export async function showView(visit: Visit, templates: ViewTemplates): Promise<Response> {
  const shown = await contentFor(visit, templates);
  if (shown instanceof Response) return shown;
  const { site, parts } = visit;
  const style = site.assets.pathOf('style.css');
  const scripts = scriptsFor(visit, null);
  const { logo } = parts.settings.theme;
  return await answerFramed(visit, { title: site.name, content: shown, isWide: false, style, scripts, logo }, {});
}

async function contentFor(visit: Visit, templates: ViewTemplates): Promise<Content | Response> {
  const context = contextOf(visit);
  if (visit.visitor === null) return await templates.signedOut({ account: null, session: null }, context);
  const { account, who } = visit.visitor;
  const template = choiceByRole(templates.roles ?? [], who.session.roles) ?? templates.signedIn;
  return await template({ account, session: who.session }, context);
}
