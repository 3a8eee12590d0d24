import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { dirname, relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Bytes } from '../config/config.js';
import { messageOf } from '../errors.js';
import { parseText } from '../yaml.js';
import { gunzipped } from './content.js';
import { isUrl } from './location.js';
import { readProblem, readRegularFile } from './readSource.js';
import { textOf } from './text.js';

/** What a document may pull in by `$ref`. Names are those of the config. */
export interface ReferencePolicy {
  /** http(s) addresses, and files outside the document's directory, too. */
  readonly allow_external_refs: boolean;
  /** Of everything that is pulled in, together. */
  readonly max_size: Bytes;
  /** Private, loopback and link-local addresses too; the document's own origin is always allowed. */
  readonly allow_private_spec_servers: boolean;
}

/** A file that a `$ref` led to, to be watched. */
export interface ReferencedFile {
  /** Absolute, as the document names it: links are not resolved. */
  readonly path: string;
  /** Of the bytes on disk, hex; "" if the file could not be read, so that its appearing is a change. */
  readonly sha256: string;
}

/** Why something cannot be pulled in: one line that reads after the `$ref`. */
export class ReferenceProblem extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ReferenceProblem';
  }
}

const MAX_DOCUMENTS = 10_000;
const MAX_DOWNLOADS = 100;
/** For one file, and for all downloads of one document, milliseconds. */
const DEADLINE = 15_000;
const PLAIN_TEXT = /\.(?:md|markdown|txt)$/i;

/** Reads what a document refers to, within the limits of the policy. */
export class ReferenceLoader {
  /** Address of the document itself: `file:` or http(s), no fragment. */
  readonly origin: URL;
  readonly files: ReferencedFile[] = [];
  readonly #policy: ReferencePolicy;
  #remaining: Bytes;
  #count = 0;
  #downloads = 0;
  #deadline: AbortSignal | null = null;
  #directories: Promise<readonly string[]> | null = null;

  constructor(location: string, policy: ReferencePolicy) {
    this.origin = addressOf(location);
    this.#policy = policy;
    this.#remaining = policy.max_size;
  }

  /**
   * The bytes at `address`, which has no fragment.
   * @throws ReferenceProblem
   */
  async read(address: URL): Promise<Uint8Array> {
    this.#count += 1;
    if (this.#count > MAX_DOCUMENTS) {
      throw new ReferenceProblem(`is one of more than ${MAX_DOCUMENTS} documents referred to`);
    }
    return address.protocol === 'file:' ? this.#readFile(address) : this.#download(address);
  }

  /**
   * What the bytes say. Apart from reading, which goes on in parallel: which document is one too many must not
   * depend on which was quickest.
   * @throws ReferenceProblem
   */
  parse(address: URL, bytes: Uint8Array): unknown {
    this.#remaining -= bytes.length;
    if (this.#remaining < 0) {
      throw new ReferenceProblem(
        `exceeds openapi.max_size: all documents referred to must be at most ${this.#policy.max_size} bytes`,
      );
    }
    try {
      const text = textOf(bytes);
      return PLAIN_TEXT.test(address.pathname) ? text : parseText(text);
    } catch (error) {
      throw new ReferenceProblem(messageOf(error));
    }
  }

  /** A short name for `address`, unique in this document: relative to it where that is possible. */
  nameOf(address: URL): string {
    const [from, to] = [pathOf(this.origin), pathOf(address)];
    return from === null || to === null ? address.href : relative(dirname(from), to).split(sep).join('/');
  }

  async #readFile(address: URL): Promise<Uint8Array> {
    if (this.origin.protocol !== 'file:') {
      throw new ReferenceProblem('is refused: a fetched document must not refer to local files');
    }
    const path = pathOf(address);
    if (path === null) throw new ReferenceProblem('is refused: it names no file of this machine');
    try {
      const target = await realpath(path);
      if (!this.#policy.allow_external_refs) await this.#assertInside(target);
      const raw = await readRegularFile(target, this.#policy.max_size, AbortSignal.timeout(DEADLINE));
      this.files.push({ path, sha256: createHash('sha256').update(raw).digest('hex') });
      return await gunzipped(raw, this.#policy.max_size);
    } catch (error) {
      if (error instanceof ReferenceProblem) throw error;
      if (!this.files.some((file) => file.path === path)) this.files.push({ path, sha256: '' });
      throw new ReferenceProblem(readProblem(error));
    }
  }

  /** Compares real paths, so that neither `..` nor a symbolic link leads out. */
  async #assertInside(target: string): Promise<void> {
    this.#directories ??= directoriesOf(fileURLToPath(this.origin));
    const directories = await this.#directories;
    if (directories.some((directory) => target.startsWith(directory))) return;
    throw new ReferenceProblem(
      "is refused: it is outside the document's directory (openapi.allow_external_refs)",
    );
  }

  async #download(address: URL): Promise<Uint8Array> {
    if (address.protocol !== 'http:' && address.protocol !== 'https:') {
      throw new ReferenceProblem(`is refused: ${address.protocol} is not http, https or a file`);
    }
    if (!this.#policy.allow_external_refs) {
      throw new ReferenceProblem('is refused: it is on the network (openapi.allow_external_refs)');
    }
    this.#downloads += 1;
    if (this.#downloads > MAX_DOWNLOADS) {
      throw new ReferenceProblem(`is one of more than ${MAX_DOWNLOADS} documents on the network`);
    }
    // Loaded here, so that a build of local files starts without an HTTP client.
    const { download } = await import('./download.js');
    this.#deadline ??= AbortSignal.timeout(DEADLINE);
    const answer = await download({
      url: address,
      headers: {},
      ownHeaders: {},
      maxSize: this.#policy.max_size,
      mayBePrivate: (hop) => this.#policy.allow_private_spec_servers || hop.origin === this.origin.origin,
      signal: this.#deadline,
    }).catch((error: unknown) => {
      throw new ReferenceProblem(messageOf(error));
    });
    if (answer.body === null) throw new ReferenceProblem(`must answer 200, answered ${answer.status}`);
    return answer.body;
  }
}

/** The directory as it is named, and the one where the document really is: a ConfigMap links each file. */
async function directoriesOf(documentPath: string): Promise<readonly string[]> {
  const named = await realpath(dirname(documentPath)).catch(() => dirname(documentPath));
  const real = dirname(await realpath(documentPath).catch(() => documentPath));
  return [named, real].map((directory) => (directory.endsWith(sep) ? directory : directory + sep));
}

/** null for what is no file of this machine: another host, an encoded slash. */
function pathOf(address: URL): string | null {
  if (address.protocol !== 'file:') return null;
  try {
    return fileURLToPath(address);
  } catch {
    return null;
  }
}

function addressOf(location: string): URL {
  const address = isUrl(location) ? new URL(location) : pathToFileURL(location);
  return withoutFragment(address);
}

/** Nor credentials: a document has none to give, and the operator's are for the source alone. */
export function withoutFragment(address: URL): URL {
  const bare = new URL(address);
  bare.hash = '';
  bare.username = '';
  bare.password = '';
  return bare;
}
