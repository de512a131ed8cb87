/** All that pages and mails say, in one language. The English one is the pattern: what it has, each has. */
import type { en } from './languages/en.ts';
import { type Language, textDirection } from './reader.ts';

type Words<Pattern> = { readonly [Key in keyof Pattern]: Pattern[Key] extends string ? string : Words<Pattern[Key]> };

export type Catalogue = Words<typeof en>;

/** The codes of what may be wrong with a field of a form. */
export type FlawCode = keyof Catalogue['flaws'];

/** A language with its catalogue and the direction in which it is read. */
export type Speech = { readonly language: Language; readonly dir: 'ltr' | 'rtl'; readonly words: Catalogue };

/** Each is loaded when somebody first reads it. */
const catalogues: Readonly<Record<Language, () => Promise<Catalogue>>> = {
  en: async () => (await import('./languages/en.ts')).en,
  fr: async () => (await import('./languages/fr.ts')).fr,
  de: async () => (await import('./languages/de.ts')).de,
  es: async () => (await import('./languages/es.ts')).es,
  pt: async () => (await import('./languages/pt.ts')).pt,
  ar: async () => (await import('./languages/ar.ts')).ar,
};

export async function speechIn(language: Language): Promise<Speech> {
  return { language, dir: textDirection(language), words: await catalogues[language]() };
}

/** A text with its gaps filled. A gap that nothing is given for stays as it is. */
export function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(GAP, (gap, name: string) => String(values[name] ?? gap));
}

export const GAP = /\{(\w+)\}/g;
