import type { Account } from '../model/account.ts';
import { invalidInput } from '../model/reasons.ts';
import type { ParsedBody } from './body.ts';

/**
 * A schema by any library that speaks Standard Schema (standardschema.dev): zod, valibot, arktype and others. The host's extra
 * fields are what it makes of a body's members that are not ours.
 */
export type StandardSchema = {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult | Promise<SchemaResult>;
  };
};

type SchemaResult =
  | { readonly value: unknown; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

type SchemaIssue = {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
};

/** The names that are ours, whatever a schema says of them. */
const OURS: readonly string[] = [
  'pk',
  'username',
  'email',
  'first_name',
  'last_name',
  'password',
  'password1',
  'password2',
  'invitation',
];

/**
 * The host's fields in a body, checked; null where it gave no schema, or where a change names none of them. What is there
 * already (`current`; null for a new account) is checked along with what is new. Throws `invalid_input` with the schema's
 * messages under their fields.
 */
export async function extraFieldsIn(
  schema: StandardSchema | null,
  body: ParsedBody,
  current: Account['profile'] | null,
): Promise<Account['profile'] | null> {
  if (schema === null) return null;
  const given = body.rest(OURS);
  if (current !== null && Object.keys(given).length === 0) return null;
  const result = await schema['~standard'].validate({ ...current, ...given });
  if (result.issues !== undefined) throw invalidInput(messagesByField(result.issues));
  return result.value as Account['profile'];
}

function messagesByField(issues: readonly SchemaIssue[]): Readonly<Record<string, readonly string[]>> {
  // A field may be called `constructor`: in a record it would be there before its first message.
  const byField = new Map<string, readonly string[]>();
  for (const { message, path } of issues) {
    const [first] = path ?? [];
    const key = typeof first === 'object' ? first.key : first;
    const field = key === undefined ? 'non_field_errors' : String(key);
    byField.set(field, [...(byField.get(field) ?? []), message]);
  }
  return Object.fromEntries(byField);
}
