/** The accounts elsewhere that an account is signed in to with, as its owner sees and changes them. */
import { html } from 'hono/html';
import { connectionsOf, disconnectProvider } from '../flows/connect-providers.ts';
import { complaints, fillIn, notice } from './controls.ts';
import { EMPTY_FORM, type FormView, page } from './page.ts';
import { flawsInWords, orFlaws, readForm, type SignedInVisit, show } from './visit.ts';

export const CONNECTIONS = '/account/connections/';

export type ConnectionsView = FormView & {
  readonly connected: readonly {
    readonly number: number;
    readonly provider: string;
    /** Their address or name there. Text, and never HTML. */
    readonly label: string;
  }[];
  /** Those that can be connected, and where that begins. */
  readonly others: readonly { readonly name: string; readonly href: string }[];
  /** What has just been done, or null. */
  readonly done: 'connected' | 'disconnected' | null;
};

const connectionsPage = page<ConnectionsView>({
  name: 'connections',
  title: (_, { words }) => words.social.title,
  template(view, { words }) {
    const { social: texts } = words;
    const items = view.connected.map(
      ({
        number,
        provider,
        label,
      }) => html`<li><div><p class="name">${provider}</p><p class="muted"><bdi>${label}</bdi></p></div>
<form method="post"><button class="plain small" name="disconnect" value="${String(number)}">${fillIn(texts.disconnect, { provider })}</button></form></li>
`,
    );
    const links = view.others.map(
      ({
        name,
        href,
      }) => html`<a class="button plain block" href="${href}">${fillIn(texts.connect, { provider: name })}</a>
`,
    );
    return html`${view.done === null ? '' : notice(texts[view.done])}${complaints(words, view, [])}<p>${texts.lead}</p>
${items.length === 0 ? html`<p class="muted">${texts.none}</p>` : html`<ul class="list">${items}</ul>`}
<div class="actions">${links}</div>
<p class="links"><a href="/account/">${words.form.back}</a></p>`;
  },
});

type State = Pick<ConnectionsView, 'done'> & { readonly form: FormView };

async function viewOf({ parts, visitor }: SignedInVisit, { form, done }: State): Promise<ConnectionsView> {
  const { social, basePath } = parts.settings;
  const all = await connectionsOf(parts, visitor.account.id);
  const connected = all.map(({ number, providerName, label }) => ({ number, provider: providerName, label }));
  const has = (id: string): boolean => all.some(({ providerId }) => providerId === id);
  const others = social.providers
    .filter(({ id }) => !has(id))
    .map(({ id, name }) => ({ name, href: `${basePath}/social/${id}/begin/?do=connect` }));
  return { connected, others, done, ...form };
}

export async function showConnections(visit: SignedInVisit): Promise<Response> {
  const done = visit.url.searchParams.has('connected') ? 'connected' : null;
  return await show(visit, connectionsPage, await viewOf(visit, { done, form: EMPTY_FORM }));
}

export async function changeConnections(visit: SignedInVisit): Promise<Response> {
  const { parts, visitor, speech } = visit;
  const number = Number((await readForm(visit)).text('disconnect'));
  const outcome = await orFlaws(() => disconnectProvider(parts, visitor.who, number));
  const flaws = 'flaws' in outcome ? flawsInWords(speech, outcome.flaws) : {};
  const done = 'flaws' in outcome ? null : 'disconnected';
  const view = await viewOf(visit, { done, form: { values: {}, flaws } });
  return await show(visit, connectionsPage, view, { status: done === null ? 400 : 200 });
}
