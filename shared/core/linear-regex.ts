import { MatcherInputBase, RE2JS } from 're2js';
import type { ExpressionMeter } from './expression-meter.ts';

/** Parts of one pattern with its counted repetitions written out, as the engine does: a short text may make many. */
const MAX_PATTERN_SIZE = 1_000;
/** Characters the engine looks at in the time of one step. */
const CHARACTERS_PER_STEP = 5;

const compiled = new WeakMap<RegExp, RE2JS>();

/**
 * The pattern for an engine whose time grows with the text and never explodes: RE2, which knows no backreferences and
 * no lookaround.
 *
 * @throws {Error} whose message says what it does not know, or that the pattern is too large
 */
export function compileRegex(regex: RegExp): RE2JS {
  const known = compiled.get(regex);
  if (known !== undefined) return known;
  if (writtenOutSize(regex.source) > MAX_PATTERN_SIZE) {
    throw new RangeError(`A regular expression of over ${MAX_PATTERN_SIZE} parts, repetitions written out; shorten it`);
  }
  const flags = (regex.ignoreCase ? RE2JS.CASE_INSENSITIVE : 0) | (regex.multiline ? RE2JS.MULTILINE : 0);
  const program = RE2JS.compile(RE2JS.translateRegExp(regex), flags);
  compiled.set(regex, program);
  return program;
}

const PATTERN_PART = /\\p\{?|\\.|\[(?:\\.|[^\]\\])*\]?|\{(\d+)(?:,(\d*))?\}|[()]|[\s\S]/g;
/** A class of Unicode's is hundreds of ranges, the more so if case does not matter. */
const UNICODE_CLASS_SIZE = 20;

/** Of `(ab{3}){2}` 8: known before anything is compiled. */
function writtenOutSize(source: string): number {
  const open = [0];
  let last = 0;
  for (const [part, least, most] of source.matchAll(PATTERN_PART)) {
    if (part === '(') {
      open.push(0);
      last = 0;
      continue;
    }
    if (least !== undefined) last *= Math.max(Number(most || least), 1) - 1;
    else if (part === ')' && open.length > 1) last = 1 + (open.pop() ?? 0);
    else last = part.includes('\\p') ? UNICODE_CLASS_SIZE : 1;
    open.push((open.pop() ?? 0) + last);
  }
  return open.reduce((sum, size) => sum + size, 0);
}

/** Stands in for `RegExp` where an expression's patterns run: what they look at counts as steps. */
export function meteredRegExp(meter: ExpressionMeter): new (regex: RegExp) => Pick<RegExp, 'lastIndex' | 'exec'> {
  return class {
    lastIndex = 0;
    readonly #program: RE2JS;

    constructor(regex: RegExp) {
      this.#program = compileRegex(regex);
    }

    exec(given: string): RegExpExecArray | null {
      const text = String(given);
      const matcher = this.#program.matcher(inputOf(new MeteredText(text, this.#program.programSize(), meter)));
      if (this.lastIndex > text.length || !matcher.find(this.lastIndex)) {
        this.lastIndex = 0;
        return null;
      }
      this.lastIndex = matcher.end();
      const groups = Array.from({ length: matcher.groupCount() }, (_, index) => matcher.group(index + 1) ?? undefined);
      const index = matcher.start();
      return Object.assign([text.slice(index, matcher.end()), ...groups], { index, input: text }) as RegExpExecArray;
    }
  };
}

/** A text that says how much of it was looked at. */
class MeteredText extends String {
  readonly #costOfLook: number;
  readonly #meter: ExpressionMeter;

  constructor(text: string, programSize: number, meter: ExpressionMeter) {
    super(text);
    // Where its table of states does not fit, the engine goes through its instructions for every character.
    this.#costOfLook = (1 + programSize / 20) / CHARACTERS_PER_STEP;
    this.#meter = meter;
    // Prepared for each search: a bit for every instruction and character.
    meter.charge(1 + Math.min(text.length * programSize, 262_144) / 65_536);
  }

  override charCodeAt(index: number): number {
    this.#meter.charge(this.#costOfLook);
    return super.charCodeAt(index);
  }

  override indexOf(part: string, from = 0): number {
    const found = super.indexOf(part, from);
    this.#meter.charge(((found === -1 ? this.length : found) - from) / 1_000);
    return found;
  }
}

/** What the library reads from; it has no kind for texts of one's own. */
const inputOf = (text: MeteredText): MatcherInputBase =>
  Object.assign(new MatcherInputBase(), {
    getEncoding: () => MatcherInputBase.Encoding.UTF_16,
    asCharSequence: () => text,
    length: () => text.length,
  });
