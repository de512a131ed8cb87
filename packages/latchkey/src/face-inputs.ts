/**
 * What a host hands in, looked at before it reaches the store: not every host is compiled. What the types say no to is a
 * `TypeError`, which names the call and the argument; what a person may have typed is a `Refusal` with messages by field.
 */

import { checkFields, text, type Values } from './http/fields.ts';
import type { AccountInput } from './latchkey.ts';
import { invalidInput } from './model/reasons.ts';

/** Something that an argument must be, and how that is said. */
type Kind = { readonly is: (value: unknown) => boolean; readonly said: string };

const isText = (value: unknown): boolean => typeof value === 'string' && value.isWellFormed();

const kinds = {
  id: { is: Number.isSafeInteger, said: 'a whole number' },
  count: { is: (value) => Number.isSafeInteger(value) && Number(value) >= 0, said: 'a whole number, 0 or more' },
  text: { is: isText, said: 'text' },
  texts: {
    is: (value) => Array.isArray(value) && value.every((item) => isText(item) && item !== ''),
    said: 'a list of texts, none of them empty',
  },
  flag: { is: (value) => typeof value === 'boolean', said: 'true or false' },
  time: { is: (value) => value instanceof Date && !Number.isNaN(value.getTime()), said: 'a date' },
  function: { is: (value) => typeof value === 'function', said: 'a function' },
} satisfies Readonly<Record<string, Kind>>;

/** Throws a `TypeError` where an argument is not of its kind: `accounts.find: id must be a whole number.` */
export function mustBe(kind: keyof typeof kinds, call: string, argument: string, value: unknown): void {
  const { is, said } = kinds[kind];
  if (!is(value)) throw new TypeError(`${call}: ${argument} must be ${said}.`);
}

/** Every letter of these counts: nothing is taken off them. What they must be beside text is the flow's to say, all at once. */
const OPTIONAL = { whiteSpace: 'counts', isRequired: false, mayBeBlank: true } as const;
const NAME = { ...OPTIONAL, maxLength: 150 } as const;

const ACCOUNT_FIELDS = [
  text('username', { ...NAME, isRequired: true }),
  text('email', OPTIONAL),
  text('firstName', NAME),
  text('lastName', NAME),
];

/** The fields of a new account that were given. Throws `invalid_input` with what is wrong with them. */
export function accountFieldsIn(given: AccountInput): Values {
  const members = new Map<string, unknown>(Object.entries(given));
  const body = { isForm: false, get: (name: string) => members.get(name), rest: () => ({}) };
  const fields = given.password == null ? ACCOUNT_FIELDS : [...ACCOUNT_FIELDS, text('password', OPTIONAL)];
  const checked = checkFields(fields, body, { isPartial: false });
  if ('flaws' in checked) throw invalidInput(checked.flaws);
  return checked.values;
}
