/** A reader of event streams, as a client of `fetch` is one: what it was told, event by event. */

export type Told = {
  readonly event: string;
  readonly id: string;
  readonly data: Readonly<Record<string, unknown>>;
};

export type Listening = {
  readonly response: Response;
  /** Waits for the next event of a kind, passing over others. Throws where the stream ends before. */
  next(kind?: string): Promise<Told>;
  /** Waits for the end, and returns all events that were not asked for yet. */
  rest(): Promise<readonly Told[]>;
  /** Everything that came so far, as it came. */
  text(): string;
  /** Waits until what came so far is as wanted. */
  until(isSo: (text: string) => boolean): Promise<void>;
  close(): void;
};

export type Listen = {
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly path?: string;
};

export async function listen(url: string, { key, headers, path = '/auth/events/' }: Listen): Promise<Listening> {
  const leaving = new AbortController();
  const response = await fetch(url + path, {
    headers: {
      accept: 'text/event-stream',
      ...(key !== undefined && { authorization: `Token ${key}` }),
      ...headers,
    },
    signal: leaving.signal,
  });
  return readerOf(response, () => leaving.abort());
}

/** Reads a response that is there already. */
export function readerOf(response: Response, close: () => void): Listening {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  let parsed = 0;
  const more = async (): Promise<boolean> => {
    const { value, done } = (await reader?.read()) ?? { value: undefined, done: true };
    text += value ?? '';
    return !done;
  };
  const next = async (kind?: string): Promise<Told> => {
    for (;;) {
      const end = text.indexOf('\n\n', parsed);
      if (end < 0) {
        if (!(await more())) throw new Error(`The stream ended before ${kind ?? 'another event'}: ${text}`);
        continue;
      }
      const told = eventIn(text.slice(parsed, end));
      parsed = end + 2;
      if (told !== null && (kind === undefined || told.event === kind)) return told;
    }
  };
  return {
    response,
    next,
    async rest() {
      while (await more());
      const blocks = text.slice(parsed).split('\n\n');
      parsed = text.length;
      return blocks.map(eventIn).filter((told) => told !== null);
    },
    text: () => text,
    async until(isSo) {
      while (!isSo(text)) if (!(await more())) throw new Error(`The stream ended: ${text}`);
    },
    close,
  };
}

/** An event, or null for what is a comment or a hint alone. */
function eventIn(block: string): Told | null {
  const fields = Object.fromEntries(
    block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  );
  if (fields['data'] === undefined) return null;
  return { event: fields['event'] ?? '', id: fields['id'] ?? '', data: JSON.parse(fields['data']) };
}
