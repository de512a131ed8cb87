/** The passkeys of an account, as its owner makes, names and removes them. */
import { html } from 'hono/html';
import type { Passkey } from '../credentials/passkey.ts';
import { addPasskey, handleOf, listPasskeys, removePasskey, renamePasskey } from '../flows/manage-passkeys.ts';
import { checkFields, text } from '../http/fields.ts';
import { invalidInput, Refusal } from '../model/reasons.ts';
import { complaints, field, fillIn, notice } from './controls.ts';
import { EMPTY_FORM, type FormView, type Html, type PageContext, page } from './page.ts';
import { ANSWER } from './passkey-controls.ts';
import { timeOf } from './times.ts';
import { type Form, flawsInWords, orFlaws, readForm, type SignedInVisit, show } from './visit.ts';

export type OwnPasskeysView = {
  /** The newest first. Times are milliseconds since 1970. */
  readonly passkeys: readonly Passkey[];
  readonly now: number;
  /** What has just been done. */
  readonly done: 'added' | 'renamed' | 'removed' | null;
  /** Whether browsers have passkeys for where this is. */
  readonly mayAdd: boolean;
  readonly rpId: string;
  /** As authenticators know the account. */
  readonly handle: string;
} & FormView;

const ownPasskeysPage = page<OwnPasskeysView>({
  name: 'own-passkeys',
  title: (_, { words }) => words.passkeys.title,
  isWide: true,
  passkeys: (view, { basePath, signedInAs }) =>
    !view.mayAdd
      ? null
      : {
          begin: `${basePath}/passkeys/register/begin/`,
          offers: 'register',
          rp: view.rpId,
          user: view.handle,
          name: signedInAs ?? '',
          accepted: view.passkeys.map(({ id }) => id).join(' '),
        },
  template(view, context) {
    const { words } = context;
    const { passkeys: texts } = words;
    const back = html`<p class="links"><a href="/account/">${words.form.back}</a></p>`;
    const { passkeys, done, mayAdd } = view;
    const add = html`<h2>${texts.addTitle}</h2>
<form method="post" data-passkey hidden><input type="hidden" name="do" value="add">${ANSWER}
${field(words, { ...view, values: {} }, { name: 'name', label: texts.name, autocomplete: 'off', isOptional: true })}<p class="flaw" data-passkey-present hidden role="alert">${texts.present}</p><button class="block">${texts.add}</button></form>
<p class="muted" data-no-passkeys>${texts.unsupported}</p>`;
    return html`${done === null ? '' : notice(texts[done])}${complaints(words, view, ['name'])}<p>${texts.lead}</p>
${passkeys.length === 0 ? html`<p class="muted">${texts.none}</p>` : html`<ul class="list">${passkeys.map((passkey) => item(passkey, view.now, context))}</ul>`}
${mayAdd ? add : html`<p class="muted">${texts.unsupported}</p>`}${back}`;
  },
});

function item(passkey: Passkey, now: number, { words, language }: PageContext): Html {
  const { passkeys: texts } = words;
  const { id, name, createdAt, lastUsedAt, isSynced } = passkey;
  const when = (at: number): Html => timeOf(at, now, language);
  const used = lastUsedAt === null ? texts.neverUsed : fillIn(texts.used, { when: when(lastUsedAt) });
  const doing = (what: string): Html =>
    html`<input type="hidden" name="do" value="${what}"><input type="hidden" name="id" value="${id}">`;
  const label = fillIn(texts.rename, { name });
  return html`<li><div><p class="name"><bdi>${name}</bdi>${isSynced ? html`<span class="tag">${texts.synced}</span>` : ''}</p>
<p class="muted">${used} · ${fillIn(texts.created, { when: when(createdAt) })}</p>
<details><summary>${texts.change}</summary><form method="post" class="inline">${doing('rename')}<input type="text" name="name" value="${name}" dir="auto" maxlength="100" autocomplete="off" required aria-label="${texts.name}"><button class="plain small">${label}</button></form>
<form method="post">${doing('remove')}<p class="muted">${texts.removeLead}</p><button class="plain small">${fillIn(texts.remove, { name })}</button></form></details></div></li>
`;
}

async function viewOf(
  { parts, visitor }: SignedInVisit,
  done: OwnPasskeysView['done'],
  form: FormView,
): Promise<OwnPasskeysView> {
  const { id } = visitor.account;
  const { rpId, onPages } = parts.settings.passkeys;
  const passkeys = await listPasskeys(parts, id);
  const about = { now: visitor.who.now, mayAdd: onPages, rpId, handle: handleOf(parts, id) };
  return { passkeys, done, ...about, ...form };
}

export async function showOwnPasskeys(visit: SignedInVisit): Promise<Response> {
  return await show(visit, ownPasskeysPage, await viewOf(visit, null, EMPTY_FORM));
}

export async function changeOwnPasskeys(visit: SignedInVisit): Promise<Response> {
  const form = await readForm(visit);
  const again = async (flaws: FormView['flaws']): Promise<Response> =>
    await show(visit, ownPasskeysPage, await viewOf(visit, null, { values: {}, flaws }), { status: 400 });
  try {
    const outcome = await orFlaws(() => does(visit, form));
    if ('flaws' in outcome) return await again(flawsInWords(visit.speech, outcome.flaws));
    return await show(visit, ownPasskeysPage, await viewOf(visit, outcome.done, EMPTY_FORM));
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'last_way_in') throw error;
    return await again({ '': [visit.speech.words.flaws.last_way_in] });
  }
}

async function does({ parts, visitor }: SignedInVisit, form: Form): Promise<OwnPasskeysView['done']> {
  const { who, account } = visitor;
  const id = form.text('id');
  switch (form.text('do')) {
    case 'add':
      await addPasskey(parts, who, { credential: form.text('credential'), name: nameIn(form, false) });
      return 'added';
    case 'rename':
      await renamePasskey(parts, account.id, id, nameIn(form, true));
      return 'renamed';
    case 'remove':
      await removePasskey(parts, who, id);
      return 'removed';
    default:
      return null;
  }
}

function nameIn(form: Form, isRequired: boolean): string {
  const fields = [text('name', { isRequired, mayBeBlank: !isRequired, maxLength: 100 })];
  const checked = checkFields(fields, form.body, { isPartial: false });
  if ('flaws' in checked) throw invalidInput(checked.flaws);
  return checked.values['name'] ?? '';
}
