/** What stands for a value that every run makes anew: `<key>`, `<sessionid2>` and so on, bound at first sight. */

const PLACEHOLDER = /<[a-z][a-z-]*\d*(?:!\d+)?>/g;

export class Placeholders {
  /** null for one that Django gave and that has nothing to stand for here. */
  readonly #values = new Map<string, string | null>();
  #made = 0;

  /** The same, for a trial that must leave no trace. */
  copy(): Placeholders {
    const copy = new Placeholders();
    for (const [placeholder, value] of this.#values) copy.#values.set(placeholder, value);
    copy.#made = this.#made;
    return copy;
  }

  /** Is this text one placeholder and nothing else? */
  isOne(text: string): boolean {
    return text.startsWith('<') && text.match(PLACEHOLDER)?.[0] === text;
  }

  isBound(placeholder: string): boolean {
    return this.#values.has(placeholder);
  }

  /** The value; null where it stands for nothing or was not seen yet. */
  valueOf(placeholder: string): string | null {
    return this.#values.get(placeholder) ?? null;
  }

  /** A placeholder of a kind that nothing was recorded for, such as `<key!1>`. */
  make(kind: string): string {
    this.#made++;
    return `<${kind}!${this.#made}>`;
  }

  /** What is wrong with this value for this placeholder, or null; binds it where it was not bound. */
  meet(placeholder: string, value: string): string | null {
    const known = this.#values.get(placeholder);
    if (known !== undefined) return known === value ? null : `not the value that ${placeholder} had before`;
    if (value === '') return `empty where ${placeholder} should be`;
    const twin = [...this.#values].find(([other, its]) => kindOf(other) === kindOf(placeholder) && its === value);
    if (twin !== undefined && kindOf(placeholder) !== 'uid') return `the value of ${twin[0]}, which should be another`;
    this.#values.set(placeholder, value);
    return null;
  }

  /** Binds it whatever it was: to a value that a client has in its place here, or to nothing. */
  bind(placeholder: string, value: string | null): void {
    this.#values.set(placeholder, value);
  }

  /** Text with every bound placeholder replaced by its value. */
  fill(text: string): string {
    return text.replace(PLACEHOLDER, (placeholder) => this.#values.get(placeholder) ?? placeholder);
  }
}

function kindOf(placeholder: string): string {
  return placeholder.replace(/^<([a-z-]+).*$/, '$1');
}
