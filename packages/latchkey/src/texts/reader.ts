/** In which language somebody reads. */

/** The languages that there is a catalogue for; the first is for whoever reads none of them. */
export const LANGUAGES = ['en', 'fr', 'de', 'es', 'pt', 'ar'] as const;

export type Language = (typeof LANGUAGES)[number];

/** Longer ones say no more, and are not looked at. */
const LONGEST = 200;

/** RFC 9110, 12.4.2: at most three decimals. */
const RANGE = /^([a-z]{1,8}|\*)(?:-[a-z0-9]{1,8})*(?:[ \t]*;[ \t]*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?$/i;

/**
 * The language for an `Accept-Language` (RFC 9110, 12.5.4): of those that are there, the one with the highest weight, the first
 * among equals. A region does not matter: `pt-BR` and `pt-PT` are read alike.
 */
export function languageFor(acceptLanguage: string | null): Language {
  const wished = (acceptLanguage ?? '').slice(0, LONGEST).split(',').flatMap(rangeIn);
  const refused = new Set(wished.filter(({ weight }) => weight === 0).map(({ primary }) => primary));
  const byWeight = wished.filter(({ weight }) => weight > 0).sort((a, b) => b.weight - a.weight);
  for (const { primary } of byWeight) {
    const found = LANGUAGES.find((known) => (primary === '*' ? !refused.has(known) : known === primary));
    if (found !== undefined) return found;
  }
  return LANGUAGES[0];
}

function rangeIn(part: string): readonly { readonly primary: string; readonly weight: number }[] {
  const [, primary, weight] = RANGE.exec(part.trim()) ?? [];
  return primary === undefined ? [] : [{ primary: primary.toLowerCase(), weight: Number(weight ?? 1) }];
}

/** A text may come from the outside, such as from a payload of an earlier version. */
export function isLanguage(text: unknown): text is Language {
  return LANGUAGES.some((known) => known === text);
}

export function textDirection(language: Language): 'ltr' | 'rtl' {
  return language === 'ar' ? 'rtl' : 'ltr';
}
