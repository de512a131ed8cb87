/** One line on standard error that says what is being done. */
export type Progress = {
  say(what: string): void;
  done(): void;
};

export function progressOn(stream: NodeJS.WriteStream): Progress {
  const startedAt = performance.now();
  let last = '';
  return {
    say(what) {
      const seconds = Math.round((performance.now() - startedAt) / 1000);
      if (stream.isTTY) stream.write(`\r\x1b[2K${`${seconds} s  ${what}`.slice(0, (stream.columns ?? 80) - 1)}`);
      else if (partOf(what) !== last) stream.write(`${seconds} s  ${partOf(what)}\n`);
      last = partOf(what);
    },
    done() {
      if (stream.isTTY) stream.write('\r\x1b[2K');
    },
  };
}

/** Where nobody watches, a line for each part is enough. */
function partOf(what: string): string {
  return what.split(':')[0] ?? what;
}
