/**
 * An argument cannot be put into the request. The message is for the agent: which argument, what was expected,
 * and what came, shortened.
 */
export class ArgumentError extends Error {
  /** The argument's key, or a path into it: `filter.name`. */
  readonly argument: string;

  constructor(argument: string, expectation: string) {
    super(`${argument}: ${expectation}`);
    this.name = 'ArgumentError';
    this.argument = argument;
  }
}
