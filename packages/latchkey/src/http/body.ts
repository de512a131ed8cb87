/** Reads a request's body within its bounds and its declared type, as Django REST framework's three parsers do. */
import { body as texts } from '../texts/api.ts';

/** A body's members; the last one of a name wins. Numbers are text already, as their sender wrote them. */
export type ParsedBody = {
  readonly isForm: boolean;
  get(name: string): unknown;
  /** All members but these. */
  rest(known: readonly string[]): Readonly<Record<string, unknown>>;
};

/** Something that cannot be parsed. Its text says why; `code` is its kind. */
export class UnreadableBody extends Error {
  override readonly name = 'UnreadableBody';
  readonly code: 'parse_error' | 'unsupported_media_type' | 'body_too_large';
  /** Under `non_field_errors` rather than `detail`. */
  readonly isFieldless: boolean;
  constructor(code: UnreadableBody['code'], detail: string, isFieldless = false) {
    super(detail);
    this.code = code;
    this.isFieldless = isFieldless;
  }
}

const MAX_BODY_BYTES = 65_536;
const MAX_FIELDS = 200;

/** Deeper than anybody nests, and shallow enough for everything here that walks a value step by step. */
const MAX_DEPTH = 16;

const FORM_TYPES: ReadonlySet<string> = new Set(['application/x-www-form-urlencoded', 'multipart/form-data']);

export async function readBody(request: Request): Promise<ParsedBody> {
  const bytes = await readBytes(request);
  const contentType = request.headers.get('content-type') ?? '';
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? '';
  if (bytes.length === 0) return membersOf([], FORM_TYPES.has(type));
  switch (type) {
    case 'application/json':
      return parseJson(bytes);
    case 'application/x-www-form-urlencoded':
      return parseForm(bytes);
    case 'multipart/form-data':
      return await parseMultipart(bytes, contentType);
    default:
      throw new UnreadableBody('unsupported_media_type', texts.unsupportedMediaType(contentType));
  }
}

type Members = readonly (readonly [name: string, value: unknown])[];

/** `asWritten` has the numbers among them as text. */
function membersOf(members: Members, isForm: boolean, asWritten: ReadonlyMap<string, string> = new Map()): ParsedBody {
  if (members.length > MAX_FIELDS) throw new UnreadableBody('parse_error', texts.tooManyFields(MAX_FIELDS));
  const byName = new Map(members);
  return {
    isForm,
    get: (name) => asWritten.get(name) ?? byName.get(name),
    rest: (known) => Object.fromEntries([...byName].filter(([name]) => !known.includes(name))),
  };
}

/** The whole body, or a refusal as soon as it proves to be larger than it may be. */
async function readBytes(request: Request): Promise<Uint8Array> {
  if (request.body === null) return new Uint8Array();
  if (Number(request.headers.get('content-length') ?? 0) > MAX_BODY_BYTES) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of request.body) {
      length += chunk.length;
      if (length > MAX_BODY_BYTES) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof UnreadableBody) throw error;
    // The client has gone in the middle of it: nothing that went wrong here.
    throw new UnreadableBody('parse_error', texts.cutShort);
  }
  return Buffer.concat(chunks);
}

function tooLarge(): UnreadableBody {
  return new UnreadableBody('body_too_large', texts.tooLarge(MAX_BODY_BYTES));
}

function parseJson(bytes: Uint8Array): ParsedBody {
  const source = textOf(bytes, texts.jsonParseError('the body is not valid UTF-8'));
  const value = jsonOf(source);
  if (value === null) throw new UnreadableBody('parse_error', texts.noData, true);
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new UnreadableBody('parse_error', texts.notADictionary(pythonTypeOf(value, source)), true);
  }
  return membersOf(Object.entries(value), false, numbersAsWritten(source, value));
}

/** What is not UTF-8 is refused, not replaced by a letter that any other bytes become, too. */
function textOf(bytes: Uint8Array, complaint: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new UnreadableBody('parse_error', complaint);
  }
}

/** The parser's own message may repeat what was sent, a password too: only the place is passed on. */
function jsonOf(source: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch (error) {
    const position = /at position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
    const place = position === undefined ? source.length : Number(position);
    throw new UnreadableBody('parse_error', texts.jsonParseError(`Expecting value: char ${place}`));
  }
  if (depthOf(source) > MAX_DEPTH) {
    throw new UnreadableBody('parse_error', texts.jsonParseError(`More than ${MAX_DEPTH} levels of nesting`));
  }
  return value;
}

/** How deep the brackets of well-formed JSON nest; those within texts are letters. */
function depthOf(source: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [token] of source.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[[{]|[\]}]/g)) {
    if (token === '[' || token === '{') deepest = Math.max(deepest, ++depth);
    else if (token === ']' || token === '}') depth--;
  }
  return deepest;
}

type Reviver = (this: unknown, name: string, value: unknown, context: { readonly source: string }) => unknown;

/** `JSON.parse` with the source text of primitives (ES2026), which the library's types do not know yet. */
const parseWithSource = JSON.parse as (text: string, reviver: Reviver) => unknown;

/**
 * Numbers of the top level as their sender wrote them: a password given as a number of twenty digits must not be taken for
 * another that rounds to the same.
 */
function numbersAsWritten(source: string, value: object): ReadonlyMap<string, string> {
  const written = new Map<string, string>();
  if (!Object.values(value).some((member) => typeof member === 'number')) return written;
  const numbers: { readonly holder: unknown; readonly name: string; readonly value: number; readonly text: string }[] =
    [];
  const root = parseWithSource(source, function (this: unknown, name, member: unknown, context) {
    if (typeof member === 'number') numbers.push({ holder: this, name, value: member, text: context.source });
    return member;
  });
  for (const number of numbers) {
    if (number.holder !== root) continue;
    if (!Number.isFinite(number.value)) {
      throw new UnreadableBody('parse_error', texts.jsonParseError('Out of range float values are not JSON compliant'));
    }
    written.set(number.name, /^-?\d+$/.test(number.text) ? number.text : String(number.value));
  }
  return written;
}

/** The name of a value's type in the language of the recorded server. */
function pythonTypeOf(value: unknown, source: string): string {
  if (Array.isArray(value)) return 'list';
  if (typeof value === 'string') return 'str';
  if (typeof value === 'boolean') return 'bool';
  return /^\s*-?\d+\s*$/.test(source) ? 'int' : 'float';
}

function parseForm(bytes: Uint8Array): ParsedBody {
  const members = Buffer.from(bytes)
    .toString('latin1')
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=');
      const [name, value] = equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
      return [formText(name), formText(value)] as const;
    });
  return membersOf(members, true);
}

function formText(encoded: string): string {
  const decoded = encoded
    .replaceAll('+', ' ')
    .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return textOf(Buffer.from(decoded, 'latin1'), texts.formParseError('the body is not valid UTF-8'));
}

async function parseMultipart(bytes: Uint8Array, contentType: string): Promise<ParsedBody> {
  if (!/boundary=/i.test(contentType)) {
    throw new UnreadableBody('parse_error', texts.multipartParseError('Invalid boundary in multipart: None'));
  }
  textOf(bytes, texts.multipartParseError('the body is not valid UTF-8'));
  try {
    const form = await new Response(Buffer.from(bytes), { headers: { 'content-type': contentType } }).formData();
    return membersOf([...form], true);
  } catch (error) {
    if (error instanceof UnreadableBody) throw error;
    throw new UnreadableBody('parse_error', texts.multipartParseError('the parts cannot be told apart'));
  }
}
