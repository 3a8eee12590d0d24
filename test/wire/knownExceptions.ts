/** A request that the validator refuses although nothing is wrong with it. */
export interface KnownException {
  /** Without folder and ending, so that it is the JSON and the YAML form. */
  readonly document: string;
  readonly operations: readonly string[];
  /** `document`: no request could be valid. `validator`: it does not read what the specification allows. */
  readonly fault: 'document' | 'validator';
  readonly reason: string;
  /** What the validator says. */
  readonly problem: RegExp;
}

export const KNOWN_EXCEPTIONS: readonly KnownException[] = [];
