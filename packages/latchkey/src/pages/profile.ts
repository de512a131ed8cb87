import { html } from 'hono/html';
import { updateProfile } from '../flows/update-profile.ts';
import { extraFieldsIn } from '../http/extra-fields.ts';
import { checkFields, text } from '../http/fields.ts';
import type { Account } from '../model/account.ts';
import { complaints, field } from './controls.ts';
import { type FormView, page } from './page.ts';
import { flawsInWords, orFlaws, readForm, type SignedInVisit, sendOn, show } from './visit.ts';

const NAMES = ['username', 'first_name', 'last_name'] as const;

const profilePage = page<FormView>({
  name: 'profile',
  title: (_, { words }) => words.profile.title,
  template(view, { words }) {
    const { fields } = words;
    const first = { name: 'first_name', label: fields.firstName, autocomplete: 'given-name', isOptional: true };
    const last = { name: 'last_name', label: fields.lastName, autocomplete: 'family-name', isOptional: true };
    return html`${complaints(words, view, NAMES)}<form method="post">
${field(words, view, { name: 'username', label: fields.username, autocomplete: 'username' })}${field(words, view, first)}${field(words, view, last)}<button class="block">${words.profile.action}</button></form>
<p class="links"><a href="/account/">${words.form.back}</a></p>`;
  },
});

const FIELDS = [
  text('username', { maxLength: 150 }),
  text('first_name', { isRequired: false, mayBeBlank: true, maxLength: 150 }),
  text('last_name', { isRequired: false, mayBeBlank: true, maxLength: 150 }),
];

export async function showProfile(visit: SignedInVisit): Promise<Response> {
  const { username, firstName, lastName } = visit.visitor.account;
  return await show(visit, profilePage, {
    values: { username, first_name: firstName, last_name: lastName },
    flaws: {},
  });
}

export async function saveProfile(visit: SignedInVisit): Promise<Response> {
  const { parts, site, speech } = visit;
  const { account } = visit.visitor;
  const form = await readForm(visit);
  const again = async (flaws: FormView['flaws']): Promise<Response> => {
    const values = Object.fromEntries(NAMES.map((name) => [name, form.text(name)]));
    return await show(visit, profilePage, { values, flaws }, { status: 400 });
  };
  const checked = checkFields(FIELDS, form.body, { isPartial: false });
  if ('flaws' in checked) return await again(flawsInWords(speech, checked.flaws));

  const { username = account.username, first_name: firstName = '', last_name: lastName = '' } = checked.values;
  const profile = (current: Account['profile']) => extraFieldsIn(site.fields, form.body, current);
  const outcome = await orFlaws(() =>
    updateProfile(parts, visit.visitor.who.session, { username, firstName, lastName, profile }),
  );
  return 'flaws' in outcome ? await again(flawsInWords(speech, outcome.flaws)) : sendOn(visit, '/account/');
}
