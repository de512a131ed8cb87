/**
 * Passkeys on our pages. Told in `data-` attributes: `begin` (where to ask what is to be signed) and `offers` (what for: a
 * sign-in, a second step, to confirm who is signed in, or a new one), and what password managers are to know: `rp`, with `unknown` (a passkey that is none any
 * more), or with `user`, `name` and `accepted` (all that an account has).
 */
const script = document.querySelector('script[data-offers]');
const isAble = 'PublicKeyCredential' in globalThis && 'parseRequestOptionsFromJSON' in PublicKeyCredential;
if (script instanceof HTMLScriptElement && isAble) {
  offer(script.dataset);
  signal(script.dataset);
}

/** @typedef {{ readonly credential: string, readonly sessionId: string }} Answer */

/** @param {DOMStringMap} told */
function offer({ begin = '', offers }) {
  const form = document.querySelector('form[data-passkey]');
  if (!(form instanceof HTMLFormElement)) return;
  form.hidden = false;
  for (const other of document.querySelectorAll('[data-no-passkeys]')) other.toggleAttribute('hidden', true);

  /** @param {Answer} answer */
  const send = ({ credential, sessionId }) => {
    const remember = document.querySelector('input[type=checkbox][name=remember]');
    const isChecked = remember instanceof HTMLInputElement && remember.checked;
    fill(form, { credential, session_id: sessionId, ...(isChecked && { remember: 'on' }) });
    form.submit();
  };

  /** Of the form that is filled in while nobody has asked: it gives way to one that was asked for. */
  let waiting = new AbortController();

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    waiting.abort();
    const asked = offers === 'register' ? create(begin) : get(begin, { mediation: 'optional' });
    asked.then(send).catch((error) => {
      // What the server said no to, it says why on the page.
      if (error instanceof Refused) form.submit();
      if (error instanceof DOMException && error.name === 'InvalidStateError') {
        form.querySelector('[data-passkey-present]')?.toggleAttribute('hidden', false);
      }
      if (offers === 'sign-in') void autofill();
    });
  });

  /** Among the names that the browser offers for the first field. What is to be signed is good for five minutes. */
  const autofill = async () => {
    if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
    await untilVisible();
    waiting.abort();
    const own = new AbortController();
    waiting = own;
    const renewal = setTimeout(() => void autofill(), 240_000);
    own.signal.addEventListener('abort', () => clearTimeout(renewal));
    await get(begin, { mediation: 'conditional', signal: own.signal })
      .then(send)
      .catch(() => undefined);
  };
  if (offers === 'sign-in') void autofill();
}

/** The server's no. */
class Refused extends Error {}

/**
 * @param {string} begin
 * @returns {Promise<Record<string, any>>}
 */
async function ask(begin) {
  const answer = await fetch(begin, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
    body: JSON.stringify({ bind: true }),
    cache: 'no-store',
  });
  if (!answer.ok) throw new Refused();
  return await answer.json();
}

/**
 * @param {string} begin
 * @param {{ readonly mediation: CredentialMediationRequirement, readonly signal?: AbortSignal }} how
 * @returns {Promise<Answer>}
 */
async function get(begin, how) {
  const { session_id: sessionId, ...options } = await ask(begin);
  how.signal?.throwIfAborted();
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(/** @type {any} */ (options));
  return { credential: textOf(await navigator.credentials.get({ publicKey, ...how })), sessionId };
}

/**
 * @param {string} begin
 * @returns {Promise<Answer>}
 */
async function create(begin) {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(/** @type {any} */ (await ask(begin)));
  return { credential: textOf(await navigator.credentials.create({ publicKey })), sessionId: '' };
}

/** @param {Credential | null} made */
function textOf(made) {
  if (!(made instanceof PublicKeyCredential)) throw new DOMException('There is no passkey.', 'NotAllowedError');
  return JSON.stringify(made.toJSON());
}

/**
 * @param {HTMLFormElement} form
 * @param {Record<string, string>} values
 */
function fill(form, values) {
  for (const [name, value] of Object.entries(values)) {
    const field = form.elements.namedItem(name);
    if (field instanceof HTMLInputElement && field.type === 'hidden') field.value = value;
  }
}

function untilVisible() {
  return new Promise((resolve) => {
    if (!document.hidden) resolve(undefined);
    else document.addEventListener('visibilitychange', () => resolve(undefined), { once: true });
  });
}

/** @param {DOMStringMap} told */
function signal({ rp: rpId = '', unknown, user, name = '', accepted = '' }) {
  if (unknown !== undefined) tell('signalUnknownCredential', { rpId, credentialId: unknown });
  if (user === undefined) return;
  const allAcceptedCredentialIds = accepted === '' ? [] : accepted.split(' ');
  tell('signalAllAcceptedCredentials', { rpId, userId: user, allAcceptedCredentialIds });
  tell('signalCurrentUserDetails', { rpId, userId: user, name, displayName: name });
}

/**
 * Not every browser takes them, and what comes of it is the password manager's own business.
 * @param {string} what
 * @param {Record<string, unknown>} about
 */
function tell(what, about) {
  const call = Reflect.get(PublicKeyCredential, what);
  if (typeof call === 'function') Promise.resolve(call.call(PublicKeyCredential, about)).catch(() => undefined);
}
