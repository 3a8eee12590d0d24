import { type ConfigPath, formatPath } from './path.js';

/** One rule that the config breaks (or a warning), and where. */
export interface Problem {
  readonly path: ConfigPath;
  /** The rest of the line: `must be …, got …`. */
  readonly text: string;
}

export function problemAt(path: ConfigPath, text: string): Problem {
  return { path, text };
}

/** `path: rule, got value`: what the operator reads. */
export function problemLine(problem: Problem): string {
  return `${formatPath(problem.path)}: ${problem.text}`;
}

/** Keys outside of the auth sections whose value is, or is likely to hold, a secret. */
const SECRET_KEYS: ReadonlySet<string> = new Set(['auth_header', 'headers', 'redis_url']);
const AUTH_SECTIONS: ReadonlySet<string> = new Set(['outbound_auth', 'inbound_auth']);
/** The keys of those sections that hold none, whatever is put there. */
const OPEN_AUTH_KEYS: ReadonlySet<string> = new Set(
  'strategy header query token_url issuer audience jwks_url endpoint algorithms clock_tolerance'.split(' '),
);

function isSecret(path: ConfigPath): boolean {
  if (path.some((step) => SECRET_KEYS.has(String(step)))) return true;
  if (!path.some((step) => AUTH_SECTIONS.has(String(step)))) return false;
  return !path.some((step) => OPEN_AUTH_KEYS.has(String(step)));
}

/** What stands after `got`: short, on one line, and never a secret. */
export function printValue(
  value: unknown,
  path: ConfigPath,
  origins: ReadonlyMap<string, readonly string[]>,
): string {
  const names = origins.get(formatPath(path));
  if (names !== undefined) return `a value from ${names.map((name) => '${' + name + '}').join(' and ')}`;
  if (typeof value === 'object' && value !== null) return printKind(value);
  if (isSecret(path)) return isPlainPlace(value, path) ? JSON.stringify(value) : '[redacted]';
  if (typeof value !== 'string') return printKind(value);
  // Only queries of documents have an @ that is no user info.
  const text = path.at(-1) === 'filter' ? value : withoutUrlSecrets(value);
  return JSON.stringify(text.length <= 80 ? text : text.slice(0, 79) + '…');
}

/** A value that is no text, or only what kind of a value it is. */
export function printKind(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object' && value !== null) return 'a mapping';
  return typeof value === 'string' ? 'text' : String(value);
}

/**
 * The name of a variable or the path of a file is worth printing; but where people mistake the key for the secret's
 * own place, only what looks like a name or a path is.
 */
function isPlainPlace(value: unknown, path: ConfigPath): boolean {
  const key = String(path.at(-1));
  if (typeof value !== 'string' || value.length > 200) return false;
  if (key.endsWith('_env')) return /^[A-Z][A-Z0-9_]*$/.test(value);
  return key.endsWith('_file') && /^[\w./\\: -]+$/.test(value) && /[/\\]/.test(value);
}

/** User info and query are where URLs carry secrets. */
function withoutUrlSecrets(text: string): string {
  return text
    .replace(/^((?:[a-z][a-z0-9+.-]*:)?\/\/)?.*@/is, '$1[redacted]@')
    .replace(/^([a-z][a-z0-9+.-]*:\/\/[^?#]*)[?#].*$/is, '$1?[redacted]');
}
