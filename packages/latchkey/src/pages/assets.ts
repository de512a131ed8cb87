/** What pages load: by names that tell what is in them, so that a browser may keep each for good. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

export type Asset = { readonly path: string; readonly type: string; readonly body: string };

export type Assets = {
  /** Where one is, by its plain name, such as `style.css`. */
  pathOf(name: string): string;
  /** The one that is served at a path, or null. */
  at(path: string): Asset | null;
};

const TYPES: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
};

/** Serves texts by their plain names under the base path: `style.css` becomes `/auth/assets/style.HASH.css`. */
export function assetsFrom(basePath: string, texts: Readonly<Record<string, string>>): Assets {
  const byName = new Map(Object.entries(texts).map(([name, body]) => [name, assetOf(basePath, name, body)]));
  const byPath = new Map([...byName.values()].map((asset) => [asset.path, asset]));
  return {
    pathOf(name) {
      const asset = byName.get(name);
      if (asset === undefined) throw new Error(`There is no asset ${name}.`);
      return asset.path;
    },
    at: (path) => byPath.get(path) ?? null,
  };
}

/** The text of a script for browsers, from the folder of that name. */
export function browserScript(name: string): string {
  return readFileSync(new URL(`./browser/${name}.js`, import.meta.url), 'utf8');
}

function assetOf(basePath: string, name: string, body: string): Asset {
  const [stem = '', extension = ''] = name.split('.');
  const hash = createHash('sha256').update(body).digest('base64url').slice(0, 16);
  return {
    path: `${basePath}/assets/${stem}.${hash}.${extension}`,
    type: TYPES[extension] ?? 'application/octet-stream',
    body,
  };
}

export function answerAsset({ type, body }: Asset): Response {
  return new Response(body, {
    headers: {
      'Content-Type': type,
      'Cache-Control': 'public, max-age=31536000, immutable',
      'X-Content-Type-Options': 'nosniff',
      'Cross-Origin-Resource-Policy': 'same-origin',
    },
  });
}
