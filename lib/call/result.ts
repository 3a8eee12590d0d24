import type { Json, JsonObject } from '../json.js';
import type { Logger } from '../observe/logger.js';
import type { UpstreamResponse } from '../table/routingTable.js';
import type { CompiledTool, Tool } from '../tools/tool.js';
import { type AnswerContent, contentOf, structured, textBlock } from './answerContent.js';
import { decodeText } from './answerText.js';
import { isPromisedOutput } from './arguments.js';
import { type CallToolResult, errorResult, RESULT_META } from './callToolResult.js';
import { answerKind, contentTypeOf } from './contentType.js';
import { errorTexts, shortened, statusText } from './errorAnswer.js';
import { nextLinkOf, nextPageArguments, retryAfterOf } from './hints.js';
import type { BuiltRequest } from './request.js';

/** What an answer is read with. */
export interface AnswerContext {
  readonly compiled: CompiledTool;
  readonly upstream: string;
  readonly request: BuiltRequest;
  /** Whether the status is one of `validation.success_status`. */
  readonly success: boolean;
  readonly logger: Logger;
}

/** Headers that are the whole answer to a HEAD. */
const HEAD_HEADERS = ['content-type', 'content-length', 'etag', 'last-modified', 'location'];
const MAX_PAGE = 2_000;

/** An upstream's answer as an MCP result. Total: every answer gives a result. */
export function resultOf(response: UpstreamResponse, context: AnswerContext): CallToolResult {
  const meta: Record<string, Json> = {};
  const result = context.success
    ? successResult(response, context, meta)
    : errorResult(...errorTexts(response));
  if (result.isError) meta[RESULT_META.status] = response.status;
  const retryAfter = retryAfterOf(response.headers);
  if (retryAfter !== null) {
    meta[RESULT_META.retryAfter] = retryAfter;
    result.content.push(textBlock(`Retry after ${retryAfter} s.`));
  }
  if (Object.keys(meta).length > 0) result._meta = meta;
  return result;
}

/** `2xx` stands for every status from 200 to 299. */
export function isSuccess(status: number, patterns: readonly string[]): boolean {
  const text = String(status);
  return patterns.some((pattern) => matches(text, pattern));
}

function matches(status: string, pattern: string): boolean {
  if (pattern.length !== status.length) return false;
  for (let at = 0; at < status.length; at += 1) {
    const digit = pattern[at];
    if (digit !== status[at] && digit !== 'x' && digit !== 'X') return false;
  }
  return true;
}

function successResult(
  response: UpstreamResponse,
  context: AnswerContext,
  meta: Record<string, Json>,
): CallToolResult {
  const tool = context.compiled.tool();
  const empty = emptyText(response, context.request.method);
  if (empty !== null) return published(tool, { blocks: [textBlock(empty)] }, context);

  const type = contentTypeOf(response.headers['content-type']);
  if (answerKind(type, tool.responseFormat) === 'html' && promisesJson(tool)) {
    return errorResult(
      `The API answered ${statusText(response.status)} with an HTML page where JSON was promised; ` +
        'often that is a login or an error page.',
      shortened(decodeText(response.body, type), MAX_PAGE),
    );
  }
  const source = () =>
    `mcp-anything://${encodeURIComponent(context.upstream)}/${encodeURIComponent(tool.name)}`;
  const partial = response.partial === true;
  const { headers, body } = response;
  const content = contentOf({ headers, body, source, partial }, type, tool.responseFormat);
  if (tool.responseFormat === 'json' && content.value === undefined) {
    return errorResult(
      `The API answered ${statusText(response.status)}, but not with JSON.`,
      ...texts(content),
    );
  }
  const result = published(tool, content, context);
  if (partial) {
    meta[RESULT_META.partial] = true;
    result.content.push(
      textBlock('This is only the beginning: the stream did not end in the time and size allowed.'),
    );
  }
  addNextPage(result, response, context, meta);
  return result;
}

/** Answers without a body: 204 and 205, and every answer to a HEAD. */
function emptyText(response: UpstreamResponse, method: string): string | null {
  if (method === 'HEAD') {
    const headers = HEAD_HEADERS.filter((name) => Object.hasOwn(response.headers, name));
    const lines = headers.map((name) => `${name}: ${response.headers[name]}`);
    return ['204 No Content', `HEAD answered ${statusText(response.status)}.`, ...lines].join('\n');
  }
  if (response.status === 204 || response.status === 205) return '204 No Content';
  return response.body.length === 0 ? `${statusText(response.status)}, without content.` : null;
}

/**
 * A client rejects a result without `structuredContent`, or with one that does not match, where the tool
 * publishes an output schema, unless it is an error. The agent must still see the answer, and above all that the
 * call was carried out.
 */
function published(tool: Tool, content: AnswerContent, context: AnswerContext): CallToolResult {
  const { blocks, value } = content;
  const promised = tool.outputSchema !== undefined;
  const structuredContent: JsonObject | undefined =
    value === undefined ? undefined : structured(value, promised && tool.wrapsResult);
  if (promised) {
    const kept =
      structuredContent !== undefined &&
      isPromisedOutput(context.compiled, structuredContent, context.logger);
    if (!kept) {
      const note =
        'The call was carried out. It is marked as an error only because the answer above does not have the ' +
        'form that the API’s own description promises.';
      return { content: [...blocks, textBlock(note)], isError: true };
    }
  }
  return structuredContent === undefined ? { content: blocks } : { content: blocks, structuredContent };
}

/** The plan asks for JSON and for nothing that a browser would show. */
function promisesJson(tool: Tool): boolean {
  return /json/i.test(tool.plan.accept) && !/html/i.test(tool.plan.accept);
}

function addNextPage(
  result: CallToolResult,
  response: UpstreamResponse,
  context: AnswerContext,
  meta: Record<string, Json>,
): void {
  const link = nextLinkOf(response.headers);
  if (link === null) return;
  const changed = nextPageArguments(link, context.request.url, context.compiled.tool().plan);
  if (Object.keys(changed).length === 0) {
    result.content.push(textBlock(`There is a next page: ${link}`));
    return;
  }
  meta[RESULT_META.nextPage] = changed;
  const args = JSON.stringify(changed);
  result.content.push(textBlock(`There is a next page: call again with the same arguments and ${args}.`));
}

function texts(content: AnswerContent): string[] {
  return content.blocks.flatMap((block) => (block.type === 'text' ? [shortened(block.text, MAX_PAGE)] : []));
}
