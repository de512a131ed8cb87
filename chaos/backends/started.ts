/** A server that a backend starts, uses and stops. */
export type Started<Server> = {
  (): Server;
  /** It is there now. */
  is(server: Server): Server;
  /** Stops it, if it was ever started. */
  stop(): Promise<void>;
};

export function started<Server extends { stop(): Promise<void> }>(): Started<Server> {
  let known: Server | null = null;
  const get = (): Server => {
    if (known === null) throw new Error('The server of this run was not started.');
    return known;
  };
  return Object.assign(get, {
    is(server: Server): Server {
      known = server;
      return server;
    },
    stop: async () => await known?.stop(),
  });
}
