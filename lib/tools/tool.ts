import type { Json, JsonObject } from '../json.js';
import type { SourceText } from '../spec/source.js';

/**
 * A tool as the compiler makes it from one operation: plain, serialisable data, nothing to look up elsewhere.
 */
export interface Tool extends ListedTool {
  /** `GET /pets/{petId}`: the operation it came from, for logs, warnings and errors. */
  readonly operation: string;
  readonly plan: RequestPlan;
  /** From `x-mcp-response-format`; `auto` goes by the answer's content type. */
  readonly responseFormat: ResponseFormat;
  /** `x-mcp-auth-required`; null = not stated. */
  readonly authRequired: boolean | null;
  /** `x-mcp-scopes`: what the caller's token must carry. */
  readonly requiredScopes: readonly string[];
  /** True where `outputSchema` describes `{"result": …}` around an array or a primitive. */
  readonly wrapsResult: boolean;
}

/** What `tools/list` shows of a tool (MCP 2025-11-25 `Tool`). */
export interface ListedTool {
  readonly name: string;
  readonly title?: string;
  readonly description: string;
  readonly inputSchema: JsonObject;
  readonly outputSchema?: JsonObject;
  readonly annotations: ToolAnnotations;
}

export interface ToolAnnotations {
  readonly title?: string;
  readonly readOnlyHint: boolean;
  readonly destructiveHint: boolean;
  readonly idempotentHint: boolean;
  readonly openWorldHint: boolean;
}

export type ResponseFormat = 'auto' | 'json' | 'text' | 'image' | 'audio' | 'binary';

/** How arguments become one HTTP request. Everything that can be decided at build is decided here. */
export interface RequestPlan {
  /** Upper case. */
  readonly method: string;
  /** Absolute http(s) URL without a trailing slash: operation > path > configured base_url > document. */
  readonly server: string;
  /** The path template in order: literal text as it goes on the wire, or an index into `parameters`. */
  readonly path: readonly (string | number)[];
  /** A literal query that the path key carried, without `?`; "" = none. */
  readonly query: string;
  /** In document order, path-level before operation-level. */
  readonly parameters: readonly ParameterPlan[];
  readonly body: BodyPlan | null;
  /** The `Accept` header. */
  readonly accept: string;
  /**
   * OpenAPI `security`: alternatives (OR) of requirements (AND); `[]` inside means anonymous is allowed.
   * null = the document states nothing.
   */
  readonly security: readonly (readonly SecurityRequirement[])[] | null;
  /**
   * Keys of objects inside arguments that stand for a property name which clients do not accept: key → name on
   * the wire. Absent = none. `restoreNames` (lib/tools/propertyAlias.ts) applies it to an argument's value.
   */
  readonly aliases?: Readonly<Record<string, string>>;
}

export type ParameterLocation = 'path' | 'query' | 'querystring' | 'header' | 'cookie';

/** OpenAPI parameter styles; Swagger 2.0 `collectionFormat` maps onto them, `tsv` being the one addition. */
export type ParameterStyle =
  | 'form'
  | 'simple'
  | 'label'
  | 'matrix'
  | 'spaceDelimited'
  | 'pipeDelimited'
  | 'tabDelimited'
  | 'deepObject'
  | 'cookie';

/** What an argument may be where the schema says so plainly; empty = anything. */
export type DeclaredType = 'string' | 'number' | 'integer' | 'boolean' | 'array' | 'object' | 'null';

/** How one value is put into text: shared by parameters and urlencoded body properties. */
export interface ValueStyle {
  readonly style: ParameterStyle;
  readonly explode: boolean;
  readonly allowReserved: boolean;
  /** `content`-typed: serialise by this media type instead of by style. */
  readonly contentType: string | null;
}

export interface ParameterPlan extends ValueStyle {
  /** Key in the tool's arguments. */
  readonly argument: string;
  /** Name on the wire. */
  readonly name: string;
  readonly in: ParameterLocation;
  readonly required: boolean;
  /** Filled in when a required parameter with a default is absent; undefined = none. Optional defaults are never sent. */
  readonly default?: Json;
  readonly types: readonly DeclaredType[];
}

export type BodyEncoding = 'json' | 'form' | 'multipart' | 'text' | 'binary';

export interface BodyPlan {
  /** Sent exactly as `Content-Type` (multipart adds its boundary). */
  readonly mediaType: string;
  readonly encoding: BodyEncoding;
  readonly required: boolean;
  /** The argument that holds the whole body; null = the body is flattened into `properties`' arguments. */
  readonly argument: string | null;
  readonly types: readonly DeclaredType[];
  /**
   * Flattened: one per body property. With `argument`: only the properties that need a word said about
   * (multipart files, encodings).
   */
  readonly properties: readonly BodyProperty[];
}

/** For `form` the `ValueStyle` counts; for `multipart` only `contentType` and `binary`. */
export interface BodyProperty extends ValueStyle {
  /** Key in the tool's arguments; equals `name` unless flattening had to rename it. */
  readonly argument: string;
  /** Property name in the body. */
  readonly name: string;
  readonly required: boolean;
  readonly default?: Json;
  readonly types: readonly DeclaredType[];
  /** A multipart file: the argument is `{ data: base64, filename?, contentType? }` (or an array of these). */
  readonly binary: boolean;
}

/** One security scheme an operation asks for, resolved from the document. */
export interface SecurityRequirement {
  /** Name under `components.securitySchemes`. */
  readonly scheme: string;
  readonly type: 'apiKey' | 'http' | 'oauth2' | 'openIdConnect' | 'mutualTLS' | 'unknown';
  /** `apiKey`: where and under which name. */
  readonly in: 'header' | 'query' | 'cookie' | null;
  readonly name: string | null;
  /** `http`: lower case, e.g. `bearer`. */
  readonly httpScheme: string | null;
}

/** Everything a build of one upstream depends on; equal jobs give equal tools. */
export interface CompileJob {
  readonly upstream: string;
  readonly document: SourceText;
  readonly overlays: readonly SourceText[];
  readonly options: CompileOptions;
}

export interface CompileOptions {
  readonly tool_prefix: string;
  readonly separator: string;
  /** Of the whole name, prefix included. */
  readonly max_length: number;
  readonly description_max_length: number;
  readonly description_truncation_suffix: string;
  readonly output_schema: boolean;
  readonly schema_profile: 'portable' | 'verbatim';
  /** null = the document's own server. */
  readonly base_url: string | null;
  readonly allow_external_refs: boolean;
  /** Bytes, of every file or URL a `$ref` leads to. */
  readonly max_size: number;
  /** Addresses that a document may name in a `$ref`: private ones too. */
  readonly allow_private_spec_servers: boolean;
  /** The distinct group filters (RFC 9535) to evaluate over the overlaid document. */
  readonly filters: readonly string[];
}

/** The tools of one upstream, ready to serve. Immutable. */
export interface CompiledUpstream {
  /** Ordered by name (code units), so that reordering a document changes nothing. */
  readonly tools: readonly CompiledTool[];
  /** For every filter of the job: the tools whose operation node is selected. */
  readonly selections: ReadonlyMap<string, ReadonlySet<CompiledTool>>;
  /** The document's root server or `base_url`; credentials are bound to its origin. */
  readonly server: string;
  readonly title: string;
  readonly version: string;
  /** `swagger 2.0`, `openapi 3.1` … */
  readonly dialect: string;
  /** Dropped operations (named, with the reason), overlay targets that matched nothing, … One line each. */
  readonly warnings: readonly string[];
  /** Files that `$ref`s led to, with the SHA-256 (hex) of the bytes that were used, "" where none could be read; to be watched. */
  readonly files: readonly { readonly path: string; readonly sha256: string }[];
}

/**
 * One tool on the serving side. The bytes are what the worker sent; objects are made on first use and kept.
 */
export interface CompiledTool {
  readonly name: string;
  readonly operation: string;
  readonly authRequired: boolean | null;
  readonly requiredScopes: readonly string[];
  /** UTF-8 JSON of the `ListedTool`, exactly as `tools/list` sends it. */
  readonly listed: Uint8Array;
  /** SHA-256 (hex) of `listed`. */
  readonly listedDigest: string;
  /** Parses on the first call and keeps the object. */
  tool(): Tool;
}
