/**
 * Turns an open page when its session ends, in every tab of the browser. One tab listens for all of them: browsers keep no more
 * than six connections to a server. Told in `data-` attributes: `events` and `check` (where to listen and to ask), `session`,
 * `over` (the page that says why), `refresh` on pages that show the account's sessions, and `asked`, what is said where a device asks to
 * come in.
 */
const script = document.querySelector('script[data-events]');
if (script instanceof HTMLScriptElement) follow(script.dataset);

/** @param {DOMStringMap} told */
function follow({ events = '', check = '', session = '', over = '', refresh, asked }) {
  const name = `latchkey ${session}`;
  const tabs = 'BroadcastChannel' in globalThis ? new BroadcastChannel(name) : null;
  let isOver = false;
  let isSent = false;

  const turn = () => {
    if (isOver) return;
    isOver = true;
    const away = () => location.replace(`${over}?next=${encodeURIComponent(location.pathname + location.search)}`);
    // A form of this page may be what ended it, and its answer says more. Where none comes the page turns after all.
    if (isSent) setTimeout(away, 20_000);
    else away();
  };
  addEventListener('submit', () => {
    isSent = true;
  });
  // What is being typed must not be lost by it.
  const isTyped = () =>
    [...document.querySelectorAll('input')].some(({ value, defaultValue }) => value !== defaultValue);
  const renew = () => {
    if (refresh !== undefined && !isOver && !isTyped()) location.reload();
  };

  /** Where the page does not show who asks, it says that somebody does, and leads there. */
  const note = () => {
    if (refresh !== undefined || asked === undefined || document.querySelector('[data-asked-note]') !== null) return;
    const link = document.createElement('a');
    link.href = '/account/approvals/';
    link.textContent = asked;
    const told = document.createElement('p');
    told.className = 'notice';
    told.setAttribute('role', 'status');
    told.dataset['askedNote'] = '';
    told.append(link);
    document.querySelector('main .card')?.prepend(told);
  };

  /** @param {unknown} what */
  const take = (what) => {
    if (what === 'over') turn();
    else renew();
    if (what === 'asked') note();
    else if (what === 'answered') document.querySelector('[data-asked-note]')?.remove();
  };
  /** @param {'over' | 'changed' | 'asked' | 'answered'} what */
  const tell = (what) => {
    tabs?.postMessage(what);
    take(what);
  };
  tabs?.addEventListener('message', ({ data }) => take(data));

  const listen = () => {
    const source = new EventSource(events);
    const stop = () => {
      source.close();
      tell('over');
    };
    source.addEventListener('ended', stop);
    // The browser may have another session by now, of somebody else even.
    source.addEventListener('hello', ({ data }) => {
      if (JSON.parse(data).session !== session) stop();
    });
    for (const change of ['session_opened', 'session_ended']) {
      source.addEventListener(change, () => tell('changed'));
    }
    source.addEventListener('approval_requested', () => tell('asked'));
    source.addEventListener('approval_answered', () => tell('answered'));
    // While it comes back by itself it is not closed. Refused, it does not: the session may be over, or the server full.
    source.addEventListener('error', () => {
      if (source.readyState === EventSource.CLOSED) void ask();
    });
  };

  const ask = async () => {
    const answer = await fetch(check, { cache: 'no-store' }).catch(() => null);
    if (answer?.status === 401) tell('over');
    else setTimeout(listen, 20_000 + (crypto.getRandomValues(new Uint16Array(1))[0] ?? 0) / 3);
  };

  /** For as long as this tab is there: then the next one has its turn. */
  const forGood = () => {
    listen();
    return new Promise(() => undefined);
  };
  if (tabs !== null && 'locks' in navigator) void navigator.locks.request(name, forGood);
  else listen();

  // What comes back from the browser's memory may be long out of date.
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted) location.reload();
  });
}
