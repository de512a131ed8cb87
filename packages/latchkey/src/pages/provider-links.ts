/** The providers by which somebody can sign in, to choose from. */
import { html } from 'hono/html';
import { fillIn } from './controls.ts';
import type { Html } from './page.ts';
import { type Visit, withNext } from './visit.ts';

/** A provider to choose, and where choosing leads. */
export type ProviderChoice = { readonly name: string; readonly href: string };

/** The providers that are set up, with the path on this origin that leads on after them. */
export function providerChoices(visit: Visit, next: string | null): readonly ProviderChoice[] {
  const { social, basePath } = visit.parts.settings;
  return social.providers.map(({ id, name }) => {
    const href = withNext(`${basePath}/social/${id}/begin/`, next);
    return { name, href: isAsked(visit) ? `${href}${href.includes('?') ? '&' : '?'}again=1` : href };
  });
}

/** Is somebody to show again who they are, who is signed in here? A provider that knows them must not say so without asking. */
export function isAsked({ url }: Visit): boolean {
  return url.searchParams.get('again') === '1';
}

/** Links, not buttons: a form that leads to another site in the end is stopped by browsers that heed our policy. */
export function providerLinks(
  choices: readonly ProviderChoice[],
  texts: { continueWith: string; or: string },
): Html | '' {
  if (choices.length === 0) return '';
  const links = choices.map(
    ({
      name,
      href,
    }) => html`<a class="button plain block" href="${href}">${fillIn(texts.continueWith, { provider: name })}</a>
`,
  );
  return html`<p class="muted">${texts.or}</p>
<div class="actions">${links}</div>`;
}
