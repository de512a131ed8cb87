/** Sees to it that servers and their folders do not outlive this process, however it ends: killed with -9, too. */
import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';

/** At the end of its input, which is the end of this process, it ends what it was told of, waits 5 s for that, then kills. */
const SCRIPT = `
trap '' INT TERM HUP
watched=
while read -r word what; do
  case $word in
    watch) watched="$watched $what" ;;
    ended) rest=; for one in $watched; do [ "\${one#*:}" = "$what" ] || rest="$rest $one"; done; watched=$rest ;;
    folder) set -- "$@" "$what" ;;
  esac
done
for one in $watched; do kill -CONT "\${one#*:}"; kill "-\${one%:*}" "\${one#*:}"; done
tries=0
for one in $watched; do
  while [ $tries -lt 50 ] && kill -0 "\${one#*:}"; do tries=$((tries + 1)); sleep 0.1; done
done
for one in $watched; do kill -KILL "\${one#*:}"; done
[ $# -eq 0 ] || rm -rf -- "$@"
`;

let input: Socket | null = null;

function tell(line: string): void {
  if (input === null) {
    const dog = spawn('/bin/sh', ['-c', SCRIPT], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
    dog.unref();
    input = dog.stdin as Socket;
    input.unref();
  }
  input.write(`${line}\n`);
}

/** Has the process ended by this signal when this one is gone. */
export function watch(pid: number, signal: 'QUIT' | 'KILL' | 'CONT'): void {
  tell(`watch ${signal}:${pid}`);
}

/** The process is gone, and its number may be another's soon. */
export function unwatch(pid: number): void {
  tell(`ended ${pid}`);
}

/** Has the folder removed when this process is gone. */
export function watchFolder(path: string): void {
  tell(`folder ${path}`);
}
