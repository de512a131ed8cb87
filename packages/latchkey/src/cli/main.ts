#!/usr/bin/env node
// The rest needs a current Node to be read at all: an older one is told so before anything else is loaded.
const [major = 0] = process.versions.node.split('.').map(Number);
if (major < 24) {
  process.stderr.write(`Latchkey needs Node 24 or later; this is ${process.versions.node}.\n`);
  process.exit(1);
}
// Compiled code is kept between starts: from the second one on they take half the time and less memory.
(await import('node:module')).enableCompileCache();
const { run } = await import('./program.ts');
await run(process.argv);
