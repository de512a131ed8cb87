/** A browser without scripts, as far as forms need one: cookies, links, redirects, and the forms that a page has. */
import assert from 'node:assert/strict';
import type { Answer, TestServer } from '../http/serving.ts';

const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0';
export const CHROME_ON_ANDROID =
  'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36';

type Fields = Readonly<Record<string, string>>;

type Form = { readonly action: string; readonly fields: Fields; readonly buttons: readonly string[] };

export class Browser {
  readonly cookies = new Map<string, string>();
  readonly #server: Pick<TestServer, 'ask'>;
  readonly #headers: Fields;
  /** Where it is, and what it shows. */
  path = '/';
  page: Answer | null = null;

  constructor(server: Pick<TestServer, 'ask'>, headers: Fields = {}) {
    this.#server = server;
    this.#headers = { 'user-agent': FIREFOX, ...headers };
  }

  /** Goes to a path, and on to where it is sent. */
  async open(path: string): Promise<Answer> {
    return await this.#arrive(path, await this.look(path));
  }

  /** Looks at a path, and stays where it is. */
  async look(path: string, headers: Fields = {}): Promise<Answer> {
    const site = { 'sec-fetch-site': 'same-origin', ...headers };
    return this.#keep(await this.#server.ask(path, { headers: { ...this.#headers, ...this.#cookie(), ...site } }));
  }

  /** Sends a form of our own page's, whatever stands in it, and stays. */
  async post(path: string, form: Fields, headers: Fields = {}): Promise<Answer> {
    const own = { 'sec-fetch-site': 'same-origin', ...headers };
    const all = { ...this.#headers, ...this.#cookie(), ...own };
    return this.#keep(await this.#server.ask(path, { method: 'POST', form, headers: all }));
  }

  /** Fills the form in that has these fields, or a button of this name, sends it, and goes where it leads. */
  async fill(fields: Fields): Promise<Answer> {
    const names = Object.keys(fields);
    const found = this.forms().find((form) => {
      return names.every((name) => name in form.fields || form.buttons.includes(name));
    });
    assert.ok(found !== undefined, `There is no form with ${names.join(', ')} at ${this.path}:\n${this.page?.text}`);
    const path = found.action === '' ? this.path : found.action;
    return await this.#arrive(path, await this.post(path, { ...found.fields, ...fields }));
  }

  /** The forms of the page’s own content, with what stands in their fields. */
  forms(): readonly Form[] {
    const main = (this.page?.text ?? '').split('<main')[1] ?? '';
    return [...main.matchAll(/<form method="post"([^>]*)>([\s\S]*?)<\/form>/g)].map(
      ([, attributes = '', inner = '']) => ({
        action: attributeOf(attributes, 'action'),
        fields: Object.fromEntries(
          [...inner.matchAll(/<input ([^>]*)>/g)].map(([, input = '']) => [
            attributeOf(input, 'name'),
            attributeOf(input, 'value'),
          ]),
        ),
        buttons: [...inner.matchAll(/<button([^>]*)>/g)].map(([, button = '']) => attributeOf(button, 'name')),
      }),
    );
  }

  #cookie(): Fields {
    if (this.cookies.size === 0) return {};
    return { cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ') };
  }

  #keep(answer: Answer): Answer {
    for (const cookie of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (/; Max-Age=0(?:;|$)/.test(cookie)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return answer;
  }

  async #arrive(path: string, answer: Answer): Promise<Answer> {
    this.path = path;
    this.page = answer;
    const location = answer.headers.get('location');
    return location === null ? answer : await this.open(location);
  }
}

function attributeOf(attributes: string, name: string): string {
  return unescaped(new RegExp(`(?:^| )${name}="([^"]*)"`).exec(attributes)?.[1] ?? '');
}

const ENTITIES: Fields = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'" };

function unescaped(text: string): string {
  return text.replace(/&(?:amp|lt|gt|quot|#39);/g, (entity) => ENTITIES[entity] ?? entity);
}

/** The text of a page, as it is read. */
export function textOf({ text }: Answer): string {
  const main = /<main[^>]*>([\s\S]*)<\/main>/.exec(text)?.[1] ?? text;
  return unescaped(main.replace(/<\/?(?:bdi|time)\b[^>]*>/g, '').replace(/<[^>]+>/g, ' '))
    .replace(/\s+/g, ' ')
    .trim();
}
