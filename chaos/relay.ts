/** A node's way to its store: TCP that can stand still in one direction, with neither side told. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export type Direction = 'to-server' | 'to-node';

export type Relay = {
  readonly port: number;
  /** The same URL, by way of the relay. */
  through(url: string): string;
  /** What the chosen connections carry in these directions stands still, until `letGo`. */
  stall(...directions: readonly Direction[]): void;
  /** What they carry to the node comes so much later, until `letGo`. */
  lag(ms: number): void;
  /** What stood still goes on its way, and all is as fast as it can be. */
  letGo(): void;
  /** The chosen connections break, and what they carried is lost. */
  breakChosen(): void;
  close(): Promise<void>;
};

export type RelayOptions = {
  readonly to: number;
  /** Whether a connection is one of those that faults are for, by what its node says on it. */
  readonly isChosen: (said: string) => boolean;
};

type Carried = { readonly node: Socket; readonly server: Socket; isChosen: boolean };

/** Listens on a free port in front of another, both of 127.0.0.1. */
export async function startRelay({ to, isChosen }: RelayOptions): Promise<Relay> {
  const all = new Set<Carried>();
  const stalled = new Set<Direction>();
  let lagMs = 0;

  const isHeld = (carried: Carried, direction: Direction): boolean => carried.isChosen && stalled.has(direction);

  const carry = (carried: Carried, direction: Direction): void => {
    const [from, into] = direction === 'to-server' ? [carried.node, carried.server] : [carried.server, carried.node];
    from.on('data', (bytes) => {
      if (direction === 'to-server') carried.isChosen ||= isChosen(bytes.toString('latin1'));
      if (lagMs > 0 && carried.isChosen && direction === 'to-node') setTimeout(() => into.write(bytes), lagMs);
      else if (!into.write(bytes)) from.pause();
      if (isHeld(carried, direction)) from.pause();
    });
    into.on('drain', () => {
      if (!isHeld(carried, direction)) from.resume();
    });
    from.on('error', () => undefined);
    from.on('close', () => {
      all.delete(carried);
      into.destroy();
    });
  };

  const server = createServer({ noDelay: true }, (node) => {
    const carried = { node, server: connect({ port: to, host: '127.0.0.1', noDelay: true }), isChosen: false };
    all.add(carried);
    carry(carried, 'to-server');
    carry(carried, 'to-node');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };
  return {
    port,
    through(url) {
      const other = new URL(url);
      other.port = String(port);
      return other.href;
    },
    stall(...directions) {
      for (const direction of directions) stalled.add(direction);
      const chosen = [...all].filter((carried) => carried.isChosen);
      for (const { node, server } of chosen) {
        if (stalled.has('to-server')) node.pause();
        if (stalled.has('to-node')) server.pause();
      }
    },
    lag(ms) {
      lagMs = ms;
    },
    letGo() {
      stalled.clear();
      lagMs = 0;
      for (const { node, server } of all) {
        node.resume();
        server.resume();
      }
    },
    breakChosen() {
      for (const { node, server, isChosen } of all) {
        if (!isChosen) continue;
        node.destroy();
        server.destroy();
      }
    },
    async close() {
      for (const { node, server } of all) {
        node.destroy();
        server.destroy();
      }
      server.close();
      await once(server, 'close');
    },
  };
}
