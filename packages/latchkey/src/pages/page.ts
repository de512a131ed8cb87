/** What a page is: a name, and how what it shows becomes HTML. */
import type { html } from 'hono/html';
import type { Speech } from '../texts/catalogue.ts';

/** Made by hono's `html` tag, which escapes what is put into it. */
export type Html = ReturnType<typeof html>;

/** HTML, or text, which is escaped. */
export type Content = Html | string;

/** What every template gets beside its view. */
export type PageContext = Speech & {
  /** The host name that people know. */
  readonly site: string;
  /** Where the API is. */
  readonly basePath: string;
  /** The name of who is signed in, or null. */
  readonly signedInAs: string | null;
};

export type Template<View> = (view: View, page: PageContext) => Content | Promise<Content>;

export type Page<View> = {
  readonly name: string;
  readonly title: (view: View, page: PageContext) => string;
  readonly template: Template<View>;
  /** A script of the page, by the name of its asset, and what it is told in `data-` attributes. The page works without it. */
  readonly script?: (view: View, page: PageContext) => Script | null;
  /** What the script for passkeys is told, where the page has something to do with them. */
  readonly passkeys?: (view: View, page: PageContext) => Script['data'] | null;
  /** After how many seconds a browser without scripts is to load it anew; null for never. */
  readonly refreshSeconds?: (view: View) => number | null;
  /** Wider than a form needs. */
  readonly isWide?: true;
};

export type Script = { readonly asset: string; readonly data: Readonly<Record<string, string>> };

/** Defines a page; the view's type is the template's. */
export function page<View>(definition: Page<View>): Page<View> {
  return definition;
}

/** A form that may have been sent before: what was typed, but for passwords, and what is wrong with it, in words. */
export type FormView = {
  readonly values: Readonly<Record<string, string>>;
  /** By field; `''` for what belongs to none. */
  readonly flaws: Readonly<Record<string, readonly string[]>>;
};

export const EMPTY_FORM: FormView = { values: {}, flaws: {} };
