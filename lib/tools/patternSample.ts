/** Repetitions written out at most; `{1000000}` is a valid quantifier. */
const MOST = 200;
/** Characters to try where a class excludes some. */
const CANDIDATES = [...'a0A_- .,:/@+zZ9!é'];
const CLASSES: Readonly<Record<string, string>> = { d: '0', w: 'a', s: ' ', D: 'a', W: '-', S: 'a' };
const CONTROLS: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f', v: '\v', 0: '\0' };

/**
 * A text that matches a regular expression in the first way it offers, repeated as seldom as it allows; null
 * for what this does not understand. Look-around is taken to hold.
 * @param minimum Length to reach where repetitions allow it.
 */
export function patternSample(pattern: string, minimum = 0): string | null {
  for (const extra of [0, 1, 4, 16, 64]) {
    const sample = new Sampler(pattern, extra).sample();
    if (sample === null || sample.length >= minimum || extra === 64) return sample;
  }
  return null;
}

class Sampler {
  readonly #pattern: readonly string[];
  readonly #extra: number;
  readonly #groups: string[] = [''];
  #at = 0;

  constructor(pattern: string, extra: number) {
    this.#pattern = [...pattern];
    this.#extra = extra;
  }

  sample(): string | null {
    try {
      const text = this.#alternatives();
      return this.#at === this.#pattern.length ? text : null;
    } catch {
      return null;
    }
  }

  /** The first alternative; the others are read over. */
  #alternatives(): string {
    const first = this.#sequence();
    while (this.#take('|')) this.#sequence();
    return first;
  }

  #sequence(): string {
    let text = '';
    while (this.#at < this.#pattern.length && !['|', ')'].includes(this.#peek())) {
      const atom = this.#atom();
      text += atom.repeat(this.#repetitions());
      if (text.length > 10 * MOST) throw new Error('too long');
    }
    return text;
  }

  #atom(): string {
    const character = this.#next();
    switch (character) {
      case '^':
      case '$':
        return '';
      case '.':
        return 'a';
      case '(':
        return this.#group();
      case '[':
        return this.#class();
      case '\\':
        return this.#escape(false).first;
      default:
        return character;
    }
  }

  #group(): string {
    let captured = true;
    let matches = true;
    if (this.#take('?')) {
      captured = false;
      const kind = this.#next();
      if (kind === '=' || kind === '!') matches = false;
      else if (kind === '<') {
        const sign = this.#next();
        if (sign === '=' || sign === '!') matches = false;
        else {
          captured = true;
          while (this.#next() !== '>');
        }
      } else if (kind !== ':') throw new Error('unknown group');
    }
    const index = captured ? this.#groups.push('') - 1 : 0;
    const text = this.#alternatives();
    if (!this.#take(')')) throw new Error('unclosed group');
    if (captured) this.#groups[index] = text;
    return matches ? text : '';
  }

  #class(): string {
    const negated = this.#take('^');
    const members: { readonly first: string; readonly has: (character: string) => boolean }[] = [];
    while (!this.#take(']')) {
      const start = this.#member();
      if (
        this.#peek() === '-' &&
        this.#pattern[this.#at + 1] !== ']' &&
        this.#pattern[this.#at + 1] !== undefined
      ) {
        this.#next();
        const end = this.#member();
        members.push({
          first: start.first,
          has: (character) => character >= start.first && character <= end.first,
        });
      } else members.push(start);
    }
    if (!negated) {
      const [member] = members;
      if (member === undefined) throw new Error('an empty class');
      return member.first;
    }
    const found = CANDIDATES.find((candidate) => !members.some((member) => member.has(candidate)));
    if (found === undefined) throw new Error('nothing is left');
    return found;
  }

  #member(): { readonly first: string; readonly has: (character: string) => boolean } {
    const character = this.#next();
    if (character === '\\') return this.#escape(true);
    return { first: character, has: (other) => other === character };
  }

  #escape(inClass: boolean): { readonly first: string; readonly has: (character: string) => boolean } {
    const letter = this.#next();
    if (/[pP]/.test(letter)) {
      let name = '';
      if (this.#take('{')) for (let next = this.#next(); next !== '}'; next = this.#next()) name += next;
      const first = /^(?:N|Nd)$/.test(name)
        ? '0'
        : /^(?:Lu|Uppercase)/.test(name)
          ? 'A'
          : /^Z/.test(name)
            ? ' '
            : 'a';
      const expression = new RegExp(`^\\${letter}{${name}}$`, 'u');
      return { first, has: (character) => expression.test(character) };
    }
    if (/[dwsDWS]/.test(letter)) {
      const expression = new RegExp(`^\\${letter}$`);
      return { first: CLASSES[letter] ?? 'a', has: (character) => expression.test(character) };
    }
    const literal = this.#literal(letter, inClass);
    return { first: literal, has: (character) => character === literal };
  }

  #literal(letter: string, inClass: boolean): string {
    if (/[bB]/.test(letter) && !inClass) return '';
    if (/[1-9]/.test(letter) && !inClass) return this.#groups[Number(letter)] ?? '';
    const control = CONTROLS[letter];
    if (control !== undefined) return control;
    if (letter !== 'u' && letter !== 'x') return letter;
    let digits = '';
    if (this.#take('{')) for (let next = this.#next(); next !== '}'; next = this.#next()) digits += next;
    else for (let count = letter === 'u' ? 4 : 2; count > 0; count -= 1) digits += this.#next();
    return String.fromCodePoint(Number.parseInt(digits, 16));
  }

  #repetitions(): number {
    let [least, most] = [1, 1];
    if (this.#take('*')) [least, most] = [0, Infinity];
    else if (this.#take('+')) [least, most] = [1, Infinity];
    else if (this.#take('?')) [least, most] = [0, 1];
    else if (this.#peek() === '{') {
      const rest = this.#pattern.slice(this.#at, this.#at + 20).join('');
      const match = /^\{(\d+)(,)?(\d*)\}/.exec(rest);
      if (match === null) return 1;
      this.#at += match[0].length;
      least = Number(match[1]);
      most = match[2] === undefined ? least : match[3] === '' ? Infinity : Number(match[3]);
    } else return 1;
    this.#take('?');
    return Math.min(least + this.#extra, most, MOST);
  }

  #peek(): string {
    return this.#pattern[this.#at] ?? '';
  }

  #next(): string {
    const character = this.#pattern[this.#at];
    if (character === undefined) throw new Error('ends early');
    this.#at += 1;
    return character;
  }

  #take(character: string): boolean {
    if (this.#pattern[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }
}
