import { pathText } from '../core/json.ts';
import type { Json } from '../model/json.ts';

/** A secret whose value somebody was given, with the texts by which it may come out again. */
export interface KnownSecret {
  readonly name: string;
  readonly value: string;
  /** The value itself, and what encoders make of it. */
  readonly forms: readonly string[];
}

/** Fewer characters stand by chance in ordinary text. */
export const MIN_SECRET_LENGTH = 6;
/** So much of a value's beginning is as telling: messages are cut, and parsers quote where they stumbled. */
const BEGINNING = 10;

/** Computes the forms of a value once, for all attempts that are given it. */
export function knownSecret(name: string, value: string): KnownSecret {
  const bytes = Buffer.from(value);
  const forms = new Set([
    value,
    JSON.stringify(value).slice(1, -1),
    // It refuses halves of surrogate pairs.
    encodeURIComponent(value.toWellFormed()),
    new URLSearchParams({ '': value }).toString().slice(1),
    ...base64Forms(bytes, 'base64'),
    ...base64Forms(bytes, 'base64url'),
  ]);
  return { name, value, forms: [...forms].filter((form) => form.length >= MIN_SECRET_LENGTH) };
}

/** The value alone, and as it shows in the middle of something that was encoded as a whole, as in `user:password`. */
function base64Forms(bytes: Buffer, encoding: 'base64' | 'base64url'): string[] {
  const within = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString(encoding)
      .replaceAll('=', '');
    const partialEnd = (before + bytes.length) % 3 === 0 ? 0 : 1;
    // The characters at both ends have bits of the neighbours in them.
    return text.slice(before === 0 ? 0 : before + 1, text.length - partialEnd);
  });
  return [bytes.toString(encoding), ...within];
}

/** Takes the values of secrets out of what is told of those who were given them. */
export class Redactor {
  readonly #secrets: readonly KnownSecret[];
  /** Longest first: one may be part of another. */
  readonly #forms: readonly { readonly form: string; readonly name: string }[];

  constructor(secrets: readonly KnownSecret[]) {
    this.#secrets = secrets;
    this.#forms = secrets
      .flatMap(({ name, forms }) => forms.map((form) => ({ form, name })))
      .sort((a, b) => b.form.length - a.form.length);
  }

  /** The text with `[secret name]` in place of each value, and of what is left of one that was cut short. */
  readonly text = (text: string): string => {
    const whole = this.#forms.reduce((rest, { form, name }) => rest.replaceAll(form, () => labelOf(name)), text);
    return this.#secrets.reduce(withoutBeginning, whole);
  };

  /** A member of a value on its way into a JSON text: what a replacer of `JSON.stringify` gives. */
  readonly member = (value: unknown): unknown => {
    if (typeof value === 'string') return this.text(value);
    if (typeof value === 'number') return this.#isValue(value) ? this.text(String(value)) : value;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [this.text(key), member]));
  };

  /** The first place where a value stands, and whose it is. */
  find(value: Json, path: readonly (string | number)[] = []): { path: string; name: string } | undefined {
    if (typeof value === 'string' || (typeof value === 'number' && this.#isValue(value))) {
      const name = this.#nameIn(String(value));
      return name === undefined ? undefined : { path: this.text(pathText(path)), name };
    }
    if (typeof value !== 'object' || value === null) return undefined;
    const members: [string | number, Json][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
    for (const [key, member] of members) {
      const name = typeof key === 'string' ? this.#nameIn(key) : undefined;
      if (name !== undefined) return { path: this.text(pathText([...path, key])), name };
      const found = this.find(member, [...path, key]);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #nameIn(text: string): string | undefined {
    return this.#forms.find(({ form }) => text.includes(form))?.name;
  }

  /** Of numbers only the whole: parts of other secrets' digits stand in many. */
  #isValue(value: number): boolean {
    return this.#secrets.some((secret) => secret.value === String(value));
  }
}

const labelOf = (name: string): string => `[secret ${name}]`;

function withoutBeginning(text: string, { name, value }: KnownSecret): string {
  const beginning = value.slice(0, BEGINNING);
  if (value.length <= BEGINNING || !text.includes(beginning)) return text;
  let rest = '';
  let from = 0;
  for (let at = text.indexOf(beginning); at >= 0; at = text.indexOf(beginning, from)) {
    let length = BEGINNING;
    while (length < value.length && text[at + length] === value[length]) length++;
    rest += text.slice(from, at) + labelOf(name);
    from = at + length;
  }
  return rest + text.slice(from);
}
