/** What a candidate is started with. Paths are absolute. */
export interface Setting {
  /** Of the API behind the tools, without a trailing slash. */
  readonly upstream: string;
  /** The OpenAPI document to serve. */
  readonly document: string;
  /** JSON file: the document's tools as the sidecar lists them, for candidates that cannot make tools themselves. */
  readonly tools: string;
  /** Loopback port to listen on. */
  readonly port: number;
  /** Its own, empty directory. */
  readonly directory: string;
  /** Where `packages` are installed. */
  readonly packages: string;
}

/** A program of its own. */
export interface Command {
  /** Script and arguments for `node`. */
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * How requests reach it: `post` = each POST stands alone; `session` = POSTs with a session id that `initialize`
 * handed out; `client` = only the official client gets answers out of it.
 */
export type Transport = 'post' | 'session' | 'client';

interface CandidateBase {
  readonly title: string;
  /** `floor` and `reference` do the same upstream call without speaking MCP. */
  readonly role: 'ours' | 'floor' | 'reference' | 'naive' | 'peer';
  readonly transport: Transport;
  /** Whether it serves documents, and so answers `tools/list`. */
  readonly lists: boolean;
  /** Exact npm packages that are installed on demand, apart from the project's own. @default none */
  readonly packages?: readonly string[];
  /** Whether its memory and its start-up are compared. @default false */
  readonly resources?: boolean;
}

/** Default export of each file in `candidates/`. One file more is one candidate more. */
export type Candidate =
  | (CandidateBase & {
      /** Runs in a process of its own; resolves when it listens. */
      serve(setting: Setting): Promise<void>;
    })
  | (CandidateBase & {
      /** Prepares the directory, and says what to run. */
      command(setting: Setting): Promise<Command> | Command;
    });

/** Path of every candidate's MCP endpoint. */
export const ENDPOINT = '/mcp';
