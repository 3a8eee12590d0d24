import { SourceError } from '../errors.js';

/** How secrets are looked up; both are called once, when a client is made. */
export interface SecretStore {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The text of a file. @throws when it cannot be read */
  readonly readSecret: (path: string) => string;
}

/**
 * A secret from an environment variable or a file, white space around it removed.
 * @param key Config key that named it, for the error: `outbound_auth.bearer.token`.
 * @throws SourceError stage `client`; names where the secret should be, never its value.
 */
export function secretOf(store: SecretStore, key: string, env: string | null, file: string | null): string {
  const [place, value] = env === null ? fromFile(store, key, file) : fromEnvironment(store, key, env);
  const secret = value.trim();
  if (secret === '') throw new SourceError('client', place, 'is empty');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(secret)) {
    throw new SourceError(
      'client',
      place,
      'has line breaks or control characters inside, which no header can carry',
    );
  }
  return secret;
}

function fromEnvironment(store: SecretStore, key: string, name: string): [place: string, value: string] {
  const place = `${key}_env`;
  const value = Object.hasOwn(store.env, name) ? store.env[name] : undefined;
  if (value === undefined) {
    throw new SourceError('client', place, `the environment variable ${name} is not set`);
  }
  return [place, value];
}

function fromFile(store: SecretStore, key: string, path: string | null): [place: string, value: string] {
  const place = `${key}_file`;
  if (path === null) throw new SourceError('client', key, 'names neither an environment variable nor a file');
  return [place, readFileOf(store, place, path)];
}

/**
 * A file that the config names, as text.
 * @throws SourceError stage `client`
 */
export function readFileOf(store: SecretStore, place: string, path: string): string {
  try {
    return store.readSecret(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'error';
    throw new SourceError('client', place, `${path} cannot be read (${code})`);
  }
}
