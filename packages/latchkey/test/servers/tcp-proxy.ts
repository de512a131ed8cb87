/** A TCP proxy on 127.0.0.1 between a client and a server of a test, to disturb what lies between them. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { freePort } from './ports.ts';

export type Direction = 'to-server' | 'to-client';

export type TcpProxy = {
  readonly port: number;
  /** The same URL, by way of the proxy. */
  through(url: string): string;
  /** How many connections there are, on whichever side. */
  connections(): number;
  /** Bytes of this direction, or of both, are held, on connections that there are and that come, until `letGo`. */
  stall(direction?: Direction): void;
  /** What was held goes on its way, in order and whole, and connections are taken again. */
  letGo(): void;
  /** Resets every connection, on both sides. */
  cut(): void;
  /** Cuts, and resets further connections as they come, until `letGo`. */
  refuse(): void;
  /** Cuts, and listens no more. */
  stop(): Promise<void>;
};

type Pipe = { readonly from: Socket; readonly direction: Direction };

/** Starts a proxy in this process in front of a port of 127.0.0.1. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const port = await freePort();
  const pipes = new Set<Pipe>();
  const stalled = new Set<Direction>();
  let isRefusing = false;

  /** Carries one direction of a connection, no faster than its receiver reads. */
  const carry = (from: Socket, to: Socket, direction: Direction): void => {
    const pipe: Pipe = { from, direction };
    pipes.add(pipe);
    from.on('data', (bytes) => {
      if (!to.write(bytes)) from.pause();
    });
    to.on('drain', () => {
      if (!stalled.has(direction)) from.resume();
    });
    from.on('end', () => to.end());
    // told by the close that follows
    from.on('error', () => undefined);
    from.on('close', () => {
      pipes.delete(pipe);
      to.destroy();
    });
    if (stalled.has(direction)) from.pause();
  };

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    if (isRefusing) return void client.resetAndDestroy();
    const upstream = connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    carry(client, upstream, 'to-server');
    carry(upstream, client, 'to-client');
  });
  const cut = (): void => {
    // a reset is refused to what is just ending: it would stay open for good, and this process would spin when it ends
    for (const { from } of pipes)
      if (from.writableEnded) from.destroy();
      else from.resetAndDestroy();
  };
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  // A proxy that a test forgot keeps no test process from ending.
  server.unref();
  return {
    port,
    through: (url) => throughPort(url, port),
    connections: () => Math.ceil(pipes.size / 2),
    stall(direction) {
      for (const one of direction === undefined ? (['to-server', 'to-client'] as const) : [direction]) stalled.add(one);
      for (const { from, direction } of pipes) if (stalled.has(direction)) from.pause();
    },
    letGo() {
      isRefusing = false;
      stalled.clear();
      for (const { from } of pipes) from.resume();
    },
    cut,
    refuse() {
      isRefusing = true;
      cut();
    },
    async stop() {
      cut();
      if (!server.listening) return;
      server.close();
      await once(server, 'close');
    },
  };
}

function throughPort(url: string, port: number): string {
  const other = new URL(url);
  other.hostname = '127.0.0.1';
  other.port = `${port}`;
  return other.href;
}
