/**
 * Every error the library raises on purpose.
 *
 * What the operator reads (message, problems, cause) is never what an MCP client gets.
 * Messages carry no secrets: credentials are named by where they come from, never by value.
 */

/** Stable codes, documented in docs/operations.md. */
export type ErrorCode =
  | 'MCP_ANYTHING_ERR_CONFIG'
  | 'MCP_ANYTHING_ERR_SPEC_READ'
  | 'MCP_ANYTHING_ERR_SPEC_FETCH'
  | 'MCP_ANYTHING_ERR_SPEC_INVALID'
  | 'MCP_ANYTHING_ERR_OVERLAY'
  | 'MCP_ANYTHING_ERR_COMPILE'
  | 'MCP_ANYTHING_ERR_DRY_RUN'
  | 'MCP_ANYTHING_ERR_TABLE'
  | 'MCP_ANYTHING_ERR_LOAD'
  | 'MCP_ANYTHING_ERR_CREDENTIALS'
  | 'MCP_ANYTHING_ERR_CLOSED';

export interface McpAnythingErrorOptions {
  readonly cause?: unknown;
  /** One line each; shown as they are by `validate`, `serve` and `ready`'s rejection. Default: the message. */
  readonly problems?: readonly string[];
}

/** The one base class. `problems` is never empty. */
export class McpAnythingError extends Error {
  readonly code: ErrorCode;
  readonly problems: readonly string[];

  constructor(code: ErrorCode, message: string, options: McpAnythingErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.problems = options.problems?.length ? options.problems : [message];
  }
}

/** The config text or object is not acceptable. One problem per rule broken: `path: rule, got value`. */
export class ConfigError extends McpAnythingError {
  /** Absolute paths of the config file and the files it names, as far as they are known: a change may mend it. */
  readonly files: readonly string[];

  constructor(
    problems: readonly string[],
    options: { readonly cause?: unknown; readonly files?: readonly string[] } = {},
  ) {
    super('MCP_ANYTHING_ERR_CONFIG', problems.join('\n'), { cause: options.cause, problems });
    this.files = options.files ?? [];
  }
}

/** Where in the life of an upstream's document a failure happened; a bounded label for logs and the journal. */
export type LoadStage = 'read' | 'fetch' | 'parse' | 'overlay' | 'compile' | 'dry_run' | 'client';

/** One source (a document, an overlay, or what it refers to) could not be had or understood. */
export class SourceError extends McpAnythingError {
  readonly stage: LoadStage;
  /** The file or URL, credentials and query removed. */
  readonly source: string;
  /** For `fetch`: earliest useful next attempt, milliseconds from now, from `Retry-After`. */
  readonly retryAfter: number | null;

  constructor(
    stage: LoadStage,
    source: string,
    message: string,
    options: McpAnythingErrorOptions & { readonly retryAfter?: number | null } = {},
  ) {
    super(CODE_OF_STAGE[stage], message, options);
    this.stage = stage;
    this.source = source;
    this.retryAfter = options.retryAfter ?? null;
  }
}

const CODE_OF_STAGE: Readonly<Record<LoadStage, ErrorCode>> = {
  read: 'MCP_ANYTHING_ERR_SPEC_READ',
  fetch: 'MCP_ANYTHING_ERR_SPEC_FETCH',
  parse: 'MCP_ANYTHING_ERR_SPEC_INVALID',
  overlay: 'MCP_ANYTHING_ERR_OVERLAY',
  compile: 'MCP_ANYTHING_ERR_COMPILE',
  dry_run: 'MCP_ANYTHING_ERR_DRY_RUN',
  client: 'MCP_ANYTHING_ERR_CREDENTIALS',
};

/** One upstream failed to load: `upstream "pets": <source>: <cause>`. */
export class UpstreamLoadError extends McpAnythingError {
  readonly upstream: string;
  readonly stage: LoadStage;

  constructor(upstream: string, cause: SourceError) {
    super(
      'MCP_ANYTHING_ERR_LOAD',
      cause.problems.map((problem) => `upstream "${upstream}": ${cause.source}: ${problem}`).join('\n'),
      {
        cause,
        problems: cause.problems.map((problem) => `upstream "${upstream}": ${cause.source}: ${problem}`),
      },
    );
    this.upstream = upstream;
    this.stage = cause.stage;
  }
}

/** Several failures of one attempt, so that the operator sees all of them at once. */
export class LoadError extends McpAnythingError {
  readonly errors: readonly McpAnythingError[];

  constructor(errors: readonly McpAnythingError[]) {
    const problems = errors.flatMap((error) => error.problems);
    super('MCP_ANYTHING_ERR_LOAD', problems.join('\n'), { cause: errors[0], problems });
    this.errors = errors;
  }
}

/** The text of anything thrown, for a log line or a problem. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
