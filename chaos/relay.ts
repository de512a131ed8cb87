/** A node's way to its store: TCP that can stand still in one direction, with neither side told. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export type Direction = 'to-server' | 'to-node';

export type Relay = {
  /** The same URL, by way of the relay. */
  through(url: string): string;
  /** What connections that listen carry in this direction stands still, until `letGo`. */
  stallFeeds(direction: Direction): void;
  /** What stood still goes on its way. */
  letGo(): void;
  close(): Promise<void>;
};

export type RelayOptions = {
  readonly to: number;
  /** Whether a connection is one that listens, by what its node says on it. */
  readonly isFeed: (said: string) => boolean;
};

type Carried = { readonly node: Socket; readonly server: Socket; isFeed: boolean };

/** Listens on a free port in front of another, both of 127.0.0.1. */
export async function startRelay({ to, isFeed }: RelayOptions): Promise<Relay> {
  const all = new Set<Carried>();
  let stalled: Direction | null = null;

  const isHeld = (carried: Carried, direction: Direction): boolean => carried.isFeed && stalled === direction;

  const carry = (carried: Carried, direction: Direction): void => {
    const [from, into] = direction === 'to-server' ? [carried.node, carried.server] : [carried.server, carried.node];
    from.on('data', (bytes) => {
      if (direction === 'to-server') carried.isFeed ||= isFeed(bytes.toString('latin1'));
      if (!into.write(bytes)) from.pause();
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
    const carried = { node, server: connect({ port: to, host: '127.0.0.1', noDelay: true }), isFeed: false };
    all.add(carried);
    carry(carried, 'to-server');
    carry(carried, 'to-node');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };
  return {
    through(url) {
      const other = new URL(url);
      other.port = String(port);
      return other.href;
    },
    stallFeeds(direction) {
      stalled = direction;
      const feeds = [...all].filter((carried) => carried.isFeed);
      for (const { node, server } of feeds) (direction === 'to-server' ? node : server).pause();
    },
    letGo() {
      stalled = null;
      for (const { node, server } of all) {
        node.resume();
        server.resume();
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
