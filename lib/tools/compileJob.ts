import { prepareDocument } from '../spec/document.js';
import { compileDocument } from './compile.js';
import { dryRun } from './dryRun.js';
import { type PackedTools, packTools } from './packedTools.js';
import type { CompiledUpstream, CompileJob } from './tool.js';

/** A compiled upstream as it crosses from the worker. */
export interface PackedUpstream
  extends Pick<CompiledUpstream, 'server' | 'title' | 'version' | 'dialect' | 'warnings' | 'files'> {
  readonly tools: PackedTools;
  /** For every filter: positions in `tools.index`. */
  readonly selections: readonly { readonly filter: string; readonly tools: readonly number[] }[];
}

/**
 * The whole build of one upstream: parse, overlay, compile, dry run, pack. Synchronous for most of its time.
 * @throws SourceError
 */
export async function runCompileJob(job: CompileJob): Promise<PackedUpstream> {
  const document = await prepareDocument(job.document, job.overlays, job.options);
  const compiled = compileDocument(document, job.options);
  const dry = dryRun(compiled.tools, document.location);
  return {
    tools: packTools(dry.tools),
    selections: [...compiled.selections].map(([filter, operations]) => ({
      filter,
      tools: dry.tools.flatMap((tool, position) => (operations.has(tool.operation) ? [position] : [])),
    })),
    server: compiled.server,
    title: document.title,
    version: document.version,
    dialect: document.dialect.label,
    warnings: [...document.warnings, ...compiled.warnings, ...dry.warnings],
    files: document.files,
  };
}
