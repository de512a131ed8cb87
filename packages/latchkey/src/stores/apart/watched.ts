import type { Feed } from '../feed.ts';

/** Openings are announced by nobody. */
const LOOK_EVERY_MS = 500;

/** A feed, and who else wants to know when something was heard on it. */
export function watched(feed: Feed): { readonly feed: Feed; watch(onChange: () => void): () => void } {
  const watchers = new Set<() => void>();
  return {
    feed: {
      ...feed,
      join: (member) =>
        feed.join({
          ...member,
          heard(lane, message) {
            member.heard(lane, message);
            if (message.kind === 'changed') for (const onChange of watchers) onChange();
          },
        }),
    },
    watch(onChange) {
      watchers.add(onChange);
      const timer = setInterval(onChange, LOOK_EVERY_MS);
      timer.unref();
      return () => {
        clearInterval(timer);
        watchers.delete(onChange);
      };
    },
  };
}
