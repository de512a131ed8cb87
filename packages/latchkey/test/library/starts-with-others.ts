/** Opens Latchkey on a file at the word “go”, makes an account, and says what it found. Run as a process of its own. */
import { once } from 'node:events';
import { latchkey } from 'latchkey';

const [file, username = ''] = process.argv.slice(2);
process.stdout.write('ready\n');
await once(process.stdin, 'data');
const auth = await latchkey({
  database: `sqlite:${file}`,
  passwords: { hash: 'dangerously-cheap' },
  mail: { smtpUrl: 'none' },
});
await auth.accounts.create({ username, password: 'correct horse 9!' });
const body = JSON.stringify({ username, password: 'correct horse 9!' });
const answer = await auth.handler(
  new Request('http://127.0.0.1:8787/auth/login/', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  }),
  { address: '127.0.0.1' },
);
const { device } = (await answer.json()) as { readonly device: string };
process.stdout.write(`${device}\n`);
await auth.close();
process.stdin.destroy();
