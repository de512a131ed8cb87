/** What the pages of the second step share: what an app is set up with, and codes to keep. */
import { html, raw } from 'hono/html';
import type { Enrolment } from '../flows/set-up-second-step.ts';
import type { Catalogue } from '../texts/catalogue.ts';
import { complaints, field } from './controls.ts';
import type { FormView, Html } from './page.ts';

/** What an app is set up with. */
export type SetUpView = FormView & {
  /** In base32. */
  readonly secret: string;
  /** The picture that an app takes it from, as SVG. */
  readonly picture: string;
  readonly activationToken: string;
};

export async function setUpView({ secret, url, activationToken }: Enrolment, form: FormView): Promise<SetUpView> {
  const { renderSVG } = await import('uqr');
  return { secret, activationToken, picture: renderSVG(url, { border: 2 }), ...form };
}

/** The picture, the secret for whoever cannot take one, and the form for the first code. */
export function setUpForm(words: Catalogue, view: SetUpView, hidden: Html | ''): Html {
  const texts = words.secondStep;
  const spaced = view.secret.replace(/(.{4})(?=.)/g, '$1 ');
  return html`<p>${texts.setUpLead}</p>${complaints(words, view, ['code'])}<div class="qr" role="img" aria-label="${texts.picture}">${raw(view.picture)}</div>
<p class="muted">${texts.byHand} <code><bdi>${spaced}</bdi></code></p>
<form method="post">${hidden}<input type="hidden" name="activation_token" value="${view.activationToken}">
${codeField(words, view)}<button class="block">${texts.confirm}</button></form>`;
}

export function codeField(words: Catalogue, form: FormView): Html {
  return field(
    words,
    { ...form, values: {} },
    { name: 'code', label: words.secondStep.code, autocomplete: 'one-time-code', isFirst: true },
  );
}

/** Codes that are shown once. */
export function codesToKeep(words: Catalogue, codes: readonly string[]): Html {
  return html`<p>${words.secondStep.codesLead}</p>
<ul class="codes">${codes.map((code) => html`<li><code><bdi>${code}</bdi></code></li>`)}</ul>`;
}
