import { type Environment, variable } from './expand.js';
import { type ConfigPath, formatPath, valueAt } from './path.js';
import { type Problem, printValue, problemAt } from './problem.js';

/** Who serves; `server` describes the listener of the sidecar only. */
export type Use = 'middleware' | 'sidecar';

/** What the rules between keys know besides the config, and whom they tell. */
export class RuleContext {
  readonly use: Use;
  readonly problems: Problem[] = [];
  readonly warnings: Problem[] = [];
  readonly #raw: unknown;
  readonly #env: Environment;
  readonly #origins: ReadonlyMap<string, readonly string[]>;

  constructor(use: Use, raw: unknown, env: Environment, origins: ReadonlyMap<string, readonly string[]>) {
    this.use = use;
    this.#raw = raw;
    this.#env = env;
    this.#origins = origins;
  }

  /** `path: rule` */
  broken(path: ConfigPath, rule: string): void {
    this.problems.push(problemAt(path, rule));
  }

  /** `path: rule, got value`, the value made safe to print. */
  refused(path: ConfigPath, rule: string, value: unknown): void {
    this.problems.push(problemAt(path, `${rule}, got ${this.print(value, path)}`));
  }

  warned(path: ConfigPath, text: string): void {
    this.warnings.push(problemAt(path, text));
  }

  /** What the config itself says at a place, before defaults. */
  given(path: ConfigPath): unknown {
    return valueAt(this.#raw, path);
  }

  print(value: unknown, path: ConfigPath): string {
    return printValue(value, path, this.#origins);
  }

  /** Whether a value came from `${VAR}` and so must not be quoted in any form. */
  isFromVariable(path: ConfigPath): boolean {
    return this.#origins.has(formatPath(path));
  }

  variable(name: string): string | undefined {
    return variable(this.#env, name);
  }
}
