/** Which of the types that a route can answer in does a client take? `text/html` is taken for JSON, and so is a stream's where it is refused. */

export type Renders = readonly string[];

export const JSON_AND_HTML: Renders = ['application/json', 'text/html'];
export const JSON_ONLY: Renders = ['application/json'];
export const STREAM: Renders = ['text/event-stream'];

/** Can the `Accept` header be satisfied? A missing or empty one takes anything. */
export function isAcceptable(accept: string | null, renders: Renders): boolean {
  if (accept === null || accept.trim() === '') return true;
  return accept.split(',').some((range) => {
    const type = range.split(';')[0]?.trim().toLowerCase() ?? '';
    return type === '*/*' || renders.some((rendered) => type === rendered || type === `${rendered.split('/')[0]}/*`);
  });
}

/** Django REST framework's `?format=`: names of renderers that it knows. */
export function isKnownFormat(format: string | null): boolean {
  return format === null || format === '' || format === 'json' || format === 'api';
}
