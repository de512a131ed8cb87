/**
 * Two phones of one account. Each keeps its key in memory alone, as an app would, and hears by an event stream of its own that
 * it was signed out. Told in `data-` attributes: the paths of the API, `login`, `registration` and `events`.
 */

/** @typedef {{ readonly username: string, readonly password: string }} Account */

const script = document.querySelector('script[data-login]');
if (script instanceof HTMLScriptElement) begin(script.dataset);

/** @param {DOMStringMap} paths */
function begin({ login = '', registration = '', events = '' }) {
  /** @type {Promise<Account> | null} */
  let account = null;
  let answeredAt = 0;
  /** The newest sign-in: whom it puts out may hear of that before it is answered. */
  let newest = Promise.resolve();

  const made = async () => {
    const password = `${crypto.randomUUID()}-A9`;
    const username = `demo-${crypto.randomUUID().slice(0, 8)}`;
    await post(registration, { username, email: `${username}@demo.example`, password1: password, password2: password });
    return { username, password };
  };

  /**
   * @param {Account} as
   * @param {Record<string, string>} headers
   */
  const enter = async (as, headers) => {
    const answer = await post(login, as, headers);
    answeredAt = performance.now();
    return answer;
  };

  for (const element of document.querySelectorAll('[data-phone]')) {
    if (element instanceof HTMLElement) phone(element);
  }

  /** @param {HTMLElement} element */
  function phone(element) {
    const name = element.dataset['phone'] ?? '';
    /** What lets this phone keep its place; like the key it is gone with the page. */
    let device = '';

    /** @param {'out' | 'busy' | 'in' | 'ended'} state */
    const show = (state, said = '') => {
      element.dataset['state'] = state;
      const place = element.querySelector('[data-said]');
      if (place !== null) place.textContent = said;
      const button = element.querySelector('button');
      if (button !== null) button.disabled = state === 'busy' || state === 'in';
    };

    const signIn = async () => {
      show('busy');
      try {
        account ??= made();
        /** @type {Record<string, string>} */
        const headers = device === '' ? {} : { 'Latchkey-Device': device };
        const entering = enter(await account, headers);
        newest = entering.then(
          () => undefined,
          () => undefined,
        );
        const answer = await entering;
        device = answer['device'] ?? '';
        note(`${name}: signed in`);
        show('in', answer['key']?.slice(0, 12));
        const last = await lastEvent(events, answer['key'] ?? '');
        const toldAt = performance.now();
        await newest;
        note(`${name}: told after ${Math.max(0, Math.round(toldAt - answeredAt))} ms, ${last['code']}`);
        show('ended', last['by']?.['device']);
      } catch (error) {
        account = null;
        show('out', error instanceof Error ? error.message : String(error));
      }
    };

    element.querySelector('button')?.addEventListener('click', () => void signIn());
  }
}

/**
 * @param {string} path
 * @param {object} body
 * @param {Record<string, string>} headers
 * @returns {Promise<Record<string, string>>}
 */
async function post(path, body, headers = {}) {
  const answer = await fetch(path, {
    method: 'POST',
    credentials: 'omit',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  const said = await answer.json();
  if (!answer.ok) throw new Error(Object.values(said).flat().join(' '));
  return said;
}

/**
 * What the stream says last. Whatever else ends it, it is opened again.
 * @param {string} path
 * @param {string} key
 */
async function lastEvent(path, key) {
  for (;;) {
    const answer = await fetch(path, { headers: { Authorization: `Token ${key}` } });
    if (answer.body === null || !answer.ok) throw new Error(`${answer.status}`);
    for await (const { event, data } of eventsIn(answer.body)) {
      if (event === 'ended') return data;
    }
  }
}

/** @param {ReadableStream<Uint8Array<ArrayBuffer>>} body */
async function* eventsIn(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    const parts = (rest + read.value).split('\n\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const fields = part
        .split('\n')
        .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]);
      const { event, data } = Object.fromEntries(fields);
      if (event !== undefined) yield { event, data: JSON.parse(data ?? '{}') };
    }
  }
}

/** @param {string} text */
function note(text) {
  const line = document.createElement('li');
  line.textContent = text;
  document.querySelector('[data-notes]')?.prepend(line);
}
