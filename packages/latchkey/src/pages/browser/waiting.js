/**
 * Waits for the answer of another device, and goes on by it. Told in a `data-` attribute: `state`, whether there is one (`ready`) or
 * not (`waiting`). Until there is one, the page says so in `Latchkey-Reason`.
 */
const LOOK_EVERY_MS = 1_000;

const script = document.querySelector('script[data-state]');
const form = document.querySelector('main form[method=post]');
if (script instanceof HTMLScriptElement && form instanceof HTMLFormElement) {
  if (script.dataset['state'] === 'ready') form.requestSubmit();
  else setTimeout(look, LOOK_EVERY_MS);
}

async function look() {
  const answer = await fetch(location.href, { cache: 'no-store' }).catch(() => null);
  const isWaiting = answer === null || answer.headers.get('Latchkey-Reason') === 'approval_required';
  if (isWaiting) setTimeout(look, LOOK_EVERY_MS);
  else location.reload();
}
