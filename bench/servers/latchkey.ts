/** `latchkey serve`, as it is shipped. */
process.argv.splice(2, 0, 'serve', '--port', '0');
await import('../../packages/latchkey/src/cli/main.ts');
