import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Path within the volume → content. */
export type Payload = Readonly<Record<string, string | Uint8Array>>;

export interface AtomicWriterOptions {
  /** Kubelets differ in when they link new keys. @default 'after_swap' */
  readonly linkKeys?: 'before_swap' | 'after_swap';
}

/**
 * Updates a directory the way a kubelet updates a ConfigMap or Secret volume, one file system call after the
 * other (kubernetes/pkg/volume/util/atomic_writer.go). The directory must exist.
 */
export class AtomicWriter {
  readonly directory: string;
  readonly #linkKeys: 'before_swap' | 'after_swap';

  constructor(directory: string, options: AtomicWriterOptions = {}) {
    this.directory = directory;
    this.#linkKeys = options.linkKeys ?? 'after_swap';
  }

  /** Readers of this process run between any two of its calls. */
  async write(payload: Payload): Promise<void> {
    for (const _call of this.calls(payload)) await nextTurn();
  }

  /** Nobody else in this process runs meanwhile. */
  writeSync(payload: Payload): void {
    for (const _call of this.calls(payload));
  }

  /** Yields after each call that others can see. */
  *calls(payload: Payload): Generator<void> {
    const data = join(this.directory, '..data');
    const old = existsSync(this.directory) ? linkTarget(data) : null;
    const obsolete = old === null ? [] : this.#obsoleteNames(payload, old);
    if (old !== null && obsolete.length === 0 && this.#holds(payload, old)) return;

    const time = new Date().toISOString().slice(0, 19).replace(/[-T:]/g, '_');
    const next = mkdtempSync(join(this.directory, `..${time}.`));
    yield;
    chmodSync(next, 0o755);
    yield;
    for (const [key, content] of Object.entries(payload)) {
      const path = join(next, key);
      mkdirSync(dirname(path), { recursive: true });
      yield;
      writeFileSync(path, content, { mode: 0o644 });
      yield;
      chmodSync(path, 0o644);
      yield;
    }
    if (this.#linkKeys === 'before_swap') yield* this.#linkNewKeys(payload);
    symlinkSync(next.slice(this.directory.length + 1), join(this.directory, '..data_tmp'));
    yield;
    renameSync(join(this.directory, '..data_tmp'), data);
    yield;
    if (this.#linkKeys === 'after_swap') yield* this.#linkNewKeys(payload);
    for (const name of obsolete) {
      rmSync(join(this.directory, name), { force: true });
      yield;
    }
    if (old !== null) yield* remove(join(this.directory, old));
  }

  *#linkNewKeys(payload: Payload): Generator<void> {
    for (const name of topNames(payload)) {
      const visible = join(this.directory, name);
      if (linkTarget(visible) !== null) continue;
      symlinkSync(join('..data', name), visible);
      yield;
    }
  }

  #obsoleteNames(payload: Payload, old: string): string[] {
    const kept = topNames(payload);
    return readdirSync(join(this.directory, old)).filter((name) => !kept.has(name));
  }

  #holds(payload: Payload, old: string): boolean {
    return Object.entries(payload).every(([key, content]) => {
      const path = join(this.directory, old, key);
      return existsSync(path) && readFileSync(path).equals(Buffer.from(content));
    });
  }
}

/** Names in the volume's own directory; only these are linked. */
function topNames(payload: Payload): Set<string> {
  return new Set(Object.keys(payload).map((key) => key.split('/')[0] ?? key));
}

function linkTarget(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

/** File by file: half of an old state can be seen while it goes. */
function* remove(path: string): Generator<void> {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) {
      yield* remove(join(path, entry.name));
      continue;
    }
    rmSync(join(path, entry.name));
    yield;
  }
  rmSync(path, { recursive: true });
  yield;
}
