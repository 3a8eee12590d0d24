import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { CompiledTool, Tool } from './tool.js';

/** Tools as one transferable buffer, and what is needed of each without parsing it. */
export interface PackedTools {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly index: readonly PackedEntry[];
}

export interface PackedEntry {
  readonly name: string;
  readonly operation: string;
  readonly authRequired: boolean | null;
  readonly requiredScopes: readonly string[];
  /** SHA-256 (hex) of the listed part. */
  readonly digest: string;
  /** Offsets into the bytes: the listed part, then the rest. */
  readonly start: number;
  readonly middle: number;
  readonly end: number;
}

/** Each tool as two JSON texts: what `tools/list` shows, and the rest, so that nothing is there twice. */
export function packTools(tools: readonly Tool[]): PackedTools {
  const texts = tools.map(textsOf);
  const bytes = new Uint8Array(
    texts.reduce((total, pair) => total + Buffer.byteLength(pair.listed) + Buffer.byteLength(pair.rest), 0),
  );
  const buffer = Buffer.from(bytes.buffer);
  let offset = 0;
  const index = tools.map((tool, position): PackedEntry => {
    const start = offset;
    const middle = start + buffer.write(texts[position]?.listed ?? '', start);
    offset = middle + buffer.write(texts[position]?.rest ?? '', middle);
    const { name, operation, authRequired, requiredScopes } = tool;
    const digest = createHash('sha256').update(bytes.subarray(start, middle)).digest('hex');
    return { name, operation, authRequired, requiredScopes, digest, start, middle, end: offset };
  });
  return { bytes, index };
}

function textsOf(tool: Tool): { readonly listed: string; readonly rest: string } {
  const { name, title, description, inputSchema, outputSchema, annotations, ...rest } = tool;
  // JSON.stringify leaves undefined out.
  const listed = { name, title, description, inputSchema, outputSchema, annotations };
  return { listed: JSON.stringify(listed), rest: JSON.stringify(rest) };
}

/** Views of the packed bytes; nothing is parsed before it is asked for. */
export function unpackTools(packed: PackedTools): CompiledTool[] {
  return packed.index.map((entry) => new PackedTool(entry, packed.bytes));
}

/**
 * Objects that calls have made of the former tools go over to the same tools of the next table, where they are equal,
 * and with them what is kept beside them, such as validators: calls right after a swap are as quick as before.
 */
export function keepObjects(tools: readonly CompiledTool[], former: readonly CompiledTool[]): void {
  const known = new Map<string, PackedTool>();
  for (const tool of former) if (tool instanceof PackedTool && tool.hasObjects) known.set(tool.name, tool);
  if (known.size === 0) return;
  for (const tool of tools) {
    const before = known.get(tool.name);
    if (before !== undefined && tool instanceof PackedTool) tool.keepObjectsOf(before);
  }
}

class PackedTool implements CompiledTool {
  readonly name: string;
  readonly operation: string;
  readonly authRequired: boolean | null;
  readonly requiredScopes: readonly string[];
  readonly listed: Uint8Array;
  readonly listedDigest: string;
  readonly #rest: Uint8Array;
  #tool: Tool | null = null;
  /** Of the former table, until this one is made. */
  #former: Tool | null = null;

  constructor(entry: PackedEntry, bytes: Uint8Array) {
    this.name = entry.name;
    this.operation = entry.operation;
    this.authRequired = entry.authRequired;
    this.requiredScopes = entry.requiredScopes;
    this.listed = bytes.subarray(entry.start, entry.middle);
    this.listedDigest = entry.digest;
    this.#rest = bytes.subarray(entry.middle, entry.end);
  }

  get hasObjects(): boolean {
    return this.#tool !== null || this.#former !== null;
  }

  keepObjectsOf(former: PackedTool): void {
    this.#former = former.#tool ?? former.#former;
  }

  tool(): Tool {
    if (this.#tool === null) {
      const tool: Tool = { ...JSON.parse(textOf(this.listed)), ...JSON.parse(textOf(this.#rest)) };
      this.#tool = this.#former === null ? tool : withEqualParts(tool, this.#former);
      this.#former = null;
    }
    return this.#tool;
  }
}

function withEqualParts(tool: Tool, former: Tool): Tool {
  const { inputSchema, outputSchema } = former;
  return {
    ...tool,
    ...(isDeepStrictEqual(tool.inputSchema, inputSchema) ? { inputSchema } : {}),
    ...(outputSchema !== undefined && isDeepStrictEqual(tool.outputSchema, outputSchema)
      ? { outputSchema }
      : {}),
  };
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
