/** What a body's fields must be, and what is said where they are not: Django REST framework's `CharField` and `EmailField`. */
import { isEmail } from '../model/account.ts';
import type { Flaw, Flaws } from '../model/reasons.ts';
import { field as texts } from '../texts/api.ts';
import type { ParsedBody } from './body.ts';

export type Field = {
  readonly name: string;
  /** A `field` is any JSON, or text of it: its value is that text. */
  readonly type: 'string' | 'email' | 'integer' | 'field';
  readonly label: string;
  readonly isRequired: boolean;
  readonly mayBeBlank: boolean;
  /**
   * Outer white space is taken off (`stripped`), or kept while nothing but white space is still blank (`kept`), or counts like
   * any other letter.
   */
  readonly whiteSpace: 'stripped' | 'kept' | 'counts';
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly helpText?: string;
  /** Shown by `OPTIONS` and ignored in bodies. */
  readonly isReadOnly?: true;
  /** Read, and not shown by `OPTIONS`. */
  readonly isUnlisted?: true;
};

type Given = Partial<Omit<Field, 'name' | 'type'>>;

const DEFAULTS = { isRequired: true, mayBeBlank: false, whiteSpace: 'stripped' } as const;

export function text(name: string, given: Given = {}): Field {
  return { name, type: 'string', label: labelOf(name), ...DEFAULTS, ...given };
}

export function email(name: string, given: Given = {}): Field {
  return { name, type: 'email', label: labelOf(name), ...DEFAULTS, ...given };
}

export function json(name: string, given: Given = {}): Field {
  return { name, type: 'field', label: labelOf(name), ...DEFAULTS, ...given };
}

function labelOf(name: string): string {
  const words = name.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** The fields that were given and are right, by name. */
export type Values = Readonly<Record<string, string>>;

export type Checked = { readonly values: Values } | { readonly flaws: Flaws };

/** All fields at once; `isPartial` asks for none of them (PATCH). */
export function checkFields(
  fields: readonly Field[],
  body: ParsedBody,
  { isPartial }: { readonly isPartial: boolean },
): Checked {
  const values: Record<string, string> = {};
  const flaws: Record<string, readonly Flaw[]> = {};
  for (const field of fields) {
    if (field.isReadOnly === true) continue;
    const outcome = checkField(field, body, isPartial);
    if (outcome === null) continue;
    if (typeof outcome === 'string') values[field.name] = outcome;
    else flaws[field.name] = outcome;
  }
  return Object.keys(flaws).length > 0 ? { flaws } : { values };
}

/** The value, or what is wrong with it, or null for what was not given and need not be. */
function checkField(field: Field, body: ParsedBody, isPartial: boolean): string | readonly Flaw[] | null {
  const given = givenFor(field, body);
  const isLeftEmpty = body.isForm && given === '' && !field.isRequired && !field.mayBeBlank;
  if (given === undefined || isLeftEmpty) return field.isRequired && !isPartial ? [texts.required] : null;
  if (given === null) return [texts.null];
  if (typeof given !== 'string') return [texts.notAString];
  const looked = field.whiteSpace === 'counts' ? given : given.trim();
  if (looked === '') return field.mayBeBlank ? '' : [texts.blank];
  const value = field.whiteSpace === 'stripped' ? looked : given;
  const flaws = flawsOf(field, value);
  return flaws.length > 0 ? flaws : value;
}

function givenFor({ name, type }: Field, body: ParsedBody): unknown {
  const given = body.get(name);
  return type === 'field' && typeof given !== 'string' && given != null ? JSON.stringify(given) : given;
}

function flawsOf(field: Field, value: string): readonly Flaw[] {
  const flaws: Flaw[] = [];
  if (field.maxLength !== undefined && lengthOf(value) > field.maxLength) flaws.push(texts.maxLength(field.maxLength));
  if (value.includes('\0')) flaws.push(texts.nul);
  const surrogate = /\p{Surrogate}/u.exec(value)?.[0];
  if (surrogate !== undefined) flaws.push(texts.surrogate(surrogate));
  if (field.type === 'email' && !isEmail(value)) flaws.push(texts.email);
  return flaws;
}

function lengthOf(value: string): number {
  return value.length > 0 ? [...value].length : 0;
}

/** A field as `OPTIONS` describes it. */
export function describeField(field: Field): Readonly<Record<string, unknown>> {
  return {
    type: field.type,
    required: field.isRequired,
    read_only: field.isReadOnly === true,
    label: field.label,
    ...(field.helpText !== undefined && { help_text: field.helpText }),
    ...(field.minLength !== undefined && { min_length: field.minLength }),
    ...(field.maxLength !== undefined && { max_length: field.maxLength }),
  };
}
