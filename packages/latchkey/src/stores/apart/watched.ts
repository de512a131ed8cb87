import type { Feed, FeedLine, FeedMember } from '../feed.ts';

/** Openings are announced by nobody. */
const LOOK_EVERY_MS = 500;

/** A feed, and who else wants to know when something was heard on it: they listen where the node itself does not. */
export function watched(feed: Feed): { readonly feed: Feed; watch(onChange: () => void): () => void } {
  const watchers = new Set<() => void>();
  let isJoined = false;
  let alone: FeedLine | null = null;

  const tell = (): void => {
    for (const onChange of watchers) onChange();
  };

  /** Of a node that says nothing and remembers nothing nobody waits for an answer. */
  const listener: FeedMember = {
    up: tell,
    down: () => undefined,
    heard(_, message) {
      if (message.kind === 'changed') tell();
    },
    acknowledged: () => undefined,
    committed: async () => undefined,
  };

  const leave = (): void => {
    void alone?.close();
    alone = null;
  };

  return {
    feed: {
      ...feed,
      join(member) {
        leave();
        isJoined = true;
        return feed.join({
          ...member,
          heard(lane, message) {
            member.heard(lane, message);
            listener.heard(lane, message);
          },
        });
      },
    },
    watch(onChange) {
      watchers.add(onChange);
      if (!isJoined) alone ??= feed.join(listener);
      const timer = setInterval(onChange, LOOK_EVERY_MS);
      timer.unref();
      return () => {
        clearInterval(timer);
        watchers.delete(onChange);
        if (watchers.size === 0) leave();
      };
    },
  };
}
