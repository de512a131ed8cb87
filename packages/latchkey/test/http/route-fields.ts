/** The route table as tests walk it: every path, and every body that a path reads with its fields. */
import type { Route } from '../../src/http/call.ts';
import type { Field } from '../../src/http/fields.ts';
import { drfTokenRoute, routes } from '../../src/http/routes.ts';
import type { Settings } from '../../src/model/settings.ts';

export type Place = { readonly path: string; readonly route: Route };

/** All rows of the table under their paths, with a session or a provider of nobody's where a path names one. */
export function placesOf(settings: Settings): readonly Place[] {
  const { basePath } = settings;
  const isThere = ({ isOn }: Route): boolean => isOn?.(settings) !== false;
  const named = { ':id': 'ses_nobody', ':number': '1', ':provider': 'nobodys' };
  const filled = (path: string): string =>
    Object.entries(named).reduce((whole, [name, value]) => whole.replace(name, value), path);
  const under = routes.filter(isThere).map((route) => ({ path: basePath + filled(route.path), route }));
  return isThere(drfTokenRoute) ? [...under, { path: drfTokenRoute.path, route: drfTokenRoute }] : under;
}

export type BodyPlace = Place & {
  readonly method: string;
  /** Those that are read. */
  readonly fields: readonly Field[];
};

/** Every method of every path that reads a body. */
export function bodyPlacesOf(settings: Settings): readonly BodyPlace[] {
  return placesOf(settings).flatMap(({ path, route }) =>
    Object.entries(route.fields(settings)).map(([method, fields]) => ({
      path,
      route,
      method,
      fields: fields.filter(({ isReadOnly }) => isReadOnly !== true),
    })),
  );
}
