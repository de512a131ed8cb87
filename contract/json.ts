/** JSON as it was read, with the few questions that are asked of it. */

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Reads JSON text. Throws where it is none. */
export function parseJson(text: string): Json {
  return JSON.parse(text) as Json;
}

/** The value as an object; `where` names it for whoever has to mend the file. */
export function objectAt(value: Json | undefined, where: string): JsonObject {
  if (!isObject(value)) throw new TypeError(`${where} should be an object.`);
  return value;
}

export function listAt(value: Json | undefined, where: string): readonly Json[] {
  if (!Array.isArray(value)) throw new TypeError(`${where} should be a list.`);
  return value as readonly Json[];
}

export function textAt(value: Json | undefined, where: string): string {
  if (typeof value !== 'string') throw new TypeError(`${where} should be text.`);
  return value;
}

export function numberAt(value: Json | undefined, where: string): number {
  if (typeof value !== 'number') throw new TypeError(`${where} should be a number.`);
  return value;
}
