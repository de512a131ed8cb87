import type { AccountId } from '../model/account.ts';

/**
 * How the nodes on one store hear of each other: messages that reach every node that listens, in one order, which is that of
 * the commits. What is said of an account travels on one lane; each lane has an order of its own and is up or down by itself.
 *
 * A change that may end a session, or alters what a check returns of it, is announced in the transaction that makes it: the
 * announcement is heard exactly if the change was committed. A message is lost to whoever was not listening just then.
 */
export type Feed = {
  /** The name of this node: another one each time that a process starts. */
  readonly node: NodeId;
  readonly lanes: number;
  laneOf(accountId: AccountId): number;
  /** Connects, and goes on connecting, until the line is closed. At most one member at a time; nothing is heard before this returns. */
  join(member: FeedMember): FeedLine;
};

export type NodeId = string;

/** What a node hears. Nothing here throws. */
export type FeedMember = {
  /** A lane is connected, for the first time or again: what was said meanwhile was missed. */
  up(lane: number): void;
  /** It is not any more. */
  down(lane: number): void;
  /** What was said on a lane, in its order: by others and by this node itself. */
  heard(lane: number, message: FeedMessage): void;
  /** Which of this node's notices another node has heard. In no order. */
  acknowledged(by: NodeId, notices: readonly number[]): void;
  /** A call to the store has committed this. The call resolves when this does. */
  committed(notice: Notice): Promise<void>;
};

/** How a node speaks. Nothing here throws or waits; what cannot be sent is lost. */
export type FeedLine = {
  /** Sends a heartbeat, on the connection and in the order in which this node would hear of a change that was made before it. */
  beat(lane: number, count: number): void;
  /** Tells the node that wrote them that these of its notices were heard. */
  acknowledge(writer: NodeId, notices: readonly number[]): void;
  /** Says on every lane that this node will not answer from memory any more. */
  leave(): Promise<void>;
  /** Gives a lane's connection up and makes another: nothing comes over it any more. */
  reconnect(lane: number): void;
  close(): Promise<void>;
};

/** That something about an account's sessions was changed. Each node numbers its own. */
export type Notice = { readonly lane: number; readonly number: number; readonly accountId: AccountId };

export type FeedMessage =
  | { readonly kind: 'changed'; readonly node: NodeId; readonly number: number; readonly accountId: AccountId }
  | { readonly kind: 'beat'; readonly node: NodeId; readonly count: number }
  | { readonly kind: 'left'; readonly node: NodeId };

/** A message as it travels: short, and easy to make in any store's own language. */
export function feedText(message: FeedMessage): string {
  switch (message.kind) {
    case 'changed':
      return `changed ${message.node} ${message.number} ${message.accountId}`;
    case 'beat':
      return `beat ${message.node} ${message.count}`;
    case 'left':
      return `left ${message.node}`;
  }
}

/** The message of a text; null for what a newer version may say. */
export function feedMessageOf(text: string): FeedMessage | null {
  const [kind, node, first, second] = text.split(' ');
  if (node === undefined) return null;
  if (kind === 'changed') return { kind, node, number: Number(first), accountId: Number(second) };
  if (kind === 'beat') return { kind, node, count: Number(first) };
  return kind === 'left' ? { kind, node } : null;
}
