/** What is wrong with a field, in the words of a reader's language. */
import { type FlawCode, fill, type Speech } from './catalogue.ts';

/** A text about a field as the recorded API words it, and where catalogues have it. */
export type Complaint = { readonly code: FlawCode; readonly text: string; readonly value?: number };

/** A host's own words stay as they are, and so does what the catalogue does not know. */
export function flawInWords(
  { words }: Speech,
  flaw: string | { readonly code: string; readonly text: string; readonly value?: number },
): string {
  if (typeof flaw === 'string') return flaw;
  const byCode: Readonly<Record<string, string | undefined>> = words.flaws;
  return fill(byCode[flaw.code] ?? flaw.text, flaw.value === undefined ? {} : { value: flaw.value });
}
