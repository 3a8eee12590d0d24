import { isJsonObject } from '../json.js';
import { type ConfigPath, formatPath } from './path.js';
import { type Problem, problemAt } from './problem.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The value of a variable; undefined if not set. */
export function variable(env: Environment, name: string): string | undefined {
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}

export interface Expansion {
  /** A copy of the input with every `${VAR}` in a string value replaced. */
  readonly value: unknown;
  /** By formatted path: the `${VAR}`s that a value was made from. Such values are never printed. */
  readonly origins: ReadonlyMap<string, readonly string[]>;
  readonly problems: readonly Problem[];
}

/** `$${` (an escape), `${` with a proper name and perhaps a default, or any other `${`. */
const REFERENCE = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|\$\{/g;

/**
 * Expands `${VAR}` and `${VAR:-default}` in string values, never in keys, and never in what a variable holds.
 * The default also stands in for an empty variable, as in a shell; `$${` gives a plain `${`.
 */
export function expand(input: unknown, env: Environment): Expansion {
  const origins = new Map<string, readonly string[]>();
  const problems: Problem[] = [];

  function visit(value: unknown, path: ConfigPath): unknown {
    if (typeof value === 'string') return value.includes('${') ? expandText(value, path) : value;
    if (Array.isArray(value)) return value.map((item, index) => visit(item, [...path, index]));
    if (!isJsonObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, visit(item, [...path, key])]));
  }

  function expandText(text: string, path: ConfigPath): string {
    const names = new Set<string>();
    const expanded = text.replace(REFERENCE, (match, name?: string, fallback?: string) => {
      if (match === '$${') return '${';
      if (name === undefined || fallback?.includes('${')) {
        problems.push(
          problemAt(
            path,
            `has a malformed variable: write \${NAME}, \${NAME:-default}, or $\${ for a plain \${`,
          ),
        );
        return match;
      }
      names.add(name);
      const value = variable(env, name);
      if (fallback !== undefined) return value || fallback;
      if (value === undefined) {
        problems.push(
          problemAt(path, `needs the environment variable ${name}, which is not set and has no default`),
        );
      }
      return value ?? match;
    });
    if (names.size > 0) origins.set(formatPath(path), [...names]);
    return expanded;
  }

  return { value: visit(input, []), origins, problems };
}
