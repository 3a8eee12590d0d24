import { resolve } from 'node:path';
import { keysInFile } from './callerKeys.js';
import type { Draft, Loose } from './draft.js';
import { isOneLine } from './headerRules.js';
import { type Problem, problemAt } from './problem.js';
import { type FileReference, fileReferences } from './references.js';
import type { RuleContext } from './ruleContext.js';

export interface ReferencedFile {
  /** Absolute. */
  readonly path: string;
  /** null if it cannot be read. */
  readonly bytes: Uint8Array | null;
}

/** Reads every credential, TLS and key file that the config names, each once. */
export async function readReferences(
  draft: Loose<Draft>,
  directory: string,
  readFile: (path: string) => Promise<Buffer>,
  context: RuleContext,
): Promise<{
  readonly files: readonly ReferencedFile[];
  readonly problems: readonly Problem[];
  /** Of a file that may be as it should, but was not to be had in time; null = none. */
  readonly late: unknown;
}> {
  const files = new Map<string, ReadFile>();
  const problems: Problem[] = [];
  for (const reference of fileReferences(draft)) {
    const path = resolve(directory, reference.file);
    const known = files.get(path) ?? (await readOne(path, readFile));
    files.set(path, known);
    const problem = known.problem ?? contentProblem(reference, known.bytes ?? new Uint8Array());
    if (problem !== null) {
      const shown = context.print(reference.file, reference.path);
      problems.push(problemAt(reference.path, `${problem}, got ${shown}`));
    }
  }
  const read = [...files.values()];
  return {
    files: read.map(({ path, bytes }) => ({ path, bytes })),
    problems,
    late: read.find((file) => file.late !== null)?.late ?? null,
  };
}

interface ReadFile extends ReferencedFile {
  readonly problem: string | null;
  readonly late: unknown;
}

async function readOne(path: string, readFile: (path: string) => Promise<Buffer>): Promise<ReadFile> {
  try {
    return { path, bytes: await readFile(path), problem: null, late: null };
  } catch (error) {
    const isLate = (error as NodeJS.ErrnoException | null)?.code === 'ETIMEDOUT';
    const problem = `must be a file that can be read (${readFailure(error)})`;
    return { path, bytes: null, problem, late: isLate ? error : null };
  }
}

/** A secret that is empty, or that no header can carry, would fail at the first call instead of now. */
function contentProblem(reference: FileReference, bytes: Uint8Array): string | null {
  const text = new TextDecoder().decode(bytes).trim();
  if (text === '') return 'must be a file that is not empty';
  if (reference.holds === 'certificate') return null;
  const lines = reference.holds === 'keys' ? keysInFile(text) : [text];
  if (lines.length === 0) return 'must be a file that holds at least one key';
  return lines.every(isOneLine) ? null : 'must be a file without line breaks inside or control characters';
}

/** Why a file could not be read, in words that hold nothing of the file. */
export function readFailure(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'no such file';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    case 'EISDIR':
      return 'is a directory';
    case 'ETIMEDOUT':
      return 'its file system does not answer';
    default:
      return /^[A-Z0-9_]{2,40}$/.test(code) ? code : 'read error';
  }
}
