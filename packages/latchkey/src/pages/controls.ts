/** What forms are made of. Each field has a label, says what is wrong with it, and can be filled in by a password manager. */
import { html } from 'hono/html';
import { type Catalogue, GAP } from '../texts/catalogue.ts';
import type { Content, FormView, Html } from './page.ts';

export type FieldShape = {
  readonly name: string;
  readonly label: string;
  readonly type?: 'text' | 'email' | 'password';
  /** The token by which a browser knows what to fill in (HTML, 4.10.18.7). */
  readonly autocomplete: string;
  readonly isOptional?: boolean;
  /** Where typing begins, unless another field is flawed. */
  readonly isFirst?: boolean;
};

/** A field with its label and what is wrong with it. A password is never shown again. */
export function field(words: Catalogue, form: FormView, shape: FieldShape): Html {
  const { name, type = 'text', autocomplete } = shape;
  const flaws = form.flaws[name] ?? [];
  const id = `id_${name}`;
  const isFocused = name === (firstFlawed(form) ?? (shape.isFirst === true ? name : null));
  const label = shape.isOptional === true ? fillIn(words.form.optional, { label: shape.label }) : shape.label;
  // What is typed into names and addresses is no text of the page's language: its own direction counts.
  const value = type === 'password' ? '' : html` value="${form.values[name] ?? ''}" dir="auto"`;
  return html`<div class="field"><label for="${id}">${label}</label>
<input type="${type}" name="${name}" id="${id}"${value} autocomplete="${autocomplete}"${type === 'password' ? '' : html` autocapitalize="none" spellcheck="false"`}${shape.isOptional === true ? '' : html` required`}${isFocused ? html` autofocus` : ''}${flaws.length === 0 ? '' : html` aria-invalid="true" aria-describedby="${id}_flaws"`}>
${
  flaws.length === 0
    ? ''
    : html`<p class="flaw" id="${id}_flaws">${flaws.join(' ')}</p>
`
}</div>
`;
}

function firstFlawed({ flaws }: FormView): string | undefined {
  return Object.keys(flaws).find((name) => name !== '');
}

/** What is wrong, where it is read out at once: that something is, and what belongs to none of the fields that are shown. */
export function complaints(words: Catalogue, { flaws }: FormView, shown: readonly string[]): Html | '' {
  if (Object.keys(flaws).length === 0) return '';
  const others = Object.entries(flaws).flatMap(([name, list]) => (shown.includes(name) ? [] : list));
  const [only = words.form.check, ...more] = others;
  const told =
    more.length === 0 ? html`<p>${only}</p>` : html`<ul>${others.map((text) => html`<li>${text}</li>`)}</ul>`;
  return html`<div class="notice wrong" role="alert">${told}</div>
`;
}

/** Something that has been done, or is so. */
export function notice(content: Content): Html {
  return html`<div class="notice" role="status"><p>${content}</p></div>
`;
}

/** A text of a catalogue with HTML in its gaps. What people and devices are called keeps its own direction. */
export function fillIn(text: string, values: Readonly<Record<string, Content>>): Html {
  // A text split at its gaps: every second part is the name of one.
  const parts = text.split(GAP).map((part, index) => (index % 2 === 0 ? part : html`<bdi>${values[part] ?? ''}</bdi>`));
  return html`${parts}`;
}
