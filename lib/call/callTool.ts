import type { IncomingMessage } from 'node:http';
import { unlessAborted } from '../abortable.js';
import type { Bytes } from '../config/config.js';
import { messageOf } from '../errors.js';
import { isJsonObject, type Json, type JsonObject } from '../json.js';
import type { Logger } from '../observe/logger.js';
import type { CallOutcome, Metrics } from '../observe/metrics.js';
import type { ToolEntry, UpstreamResponse } from '../table/routingTable.js';
import { measureArguments } from './argumentLimits.js';
import { argumentProblems } from './arguments.js';
import { type CallToolResult, errorResult } from './callToolResult.js';
import { declaredArguments } from './declaredValue.js';
import { decisionOf } from './hookDecision.js';
import type { Caller, OnToolCall } from './hooks.js';
import { ArgumentError, type BuiltRequest, buildRequest } from './request.js';
import { isSuccess, resultOf } from './result.js';
import { type FailureKind, UpstreamFailure } from './upstreamFailure.js';

/** Whatever may refuse a call before it is sent (rate limits): a sentence for the agent, or null to go on. */
export type CallGate = (entry: ToolEntry, context: CallContext) => string | null | Promise<string | null>;

/** Everything about one call that is neither the tool nor its arguments. */
export interface CallContext {
  /** Aborted when the MCP client leaves. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** `/mcp`. */
  readonly endpoint: string;
  readonly caller: Caller;
  /** The MCP client's HTTP request; null over stdio. */
  readonly request: IncomingMessage | null;
  readonly onToolCall?: OnToolCall;
  /** @default nothing is refused */
  readonly gate?: CallGate;
  /** Of all arguments together. @default 8 MB */
  readonly argumentLimit?: Bytes;
}

const DEFAULT_ARGUMENT_LIMIT: Bytes = 8 * 1024 * 1024;

/**
 * Carries out one tool call: check the arguments, ask the hook and the gate, send, map the answer.
 *
 * Every failure is an `isError` result with a sentence that says what to do differently; causes stay in the log.
 * @throws the signal's reason when it is aborted, and nothing else.
 */
export async function callTool(
  entry: ToolEntry,
  args: unknown,
  context: CallContext,
): Promise<CallToolResult> {
  let ended: Ended;
  try {
    ended = await run(entry, args, context);
  } catch (error) {
    ended = failureEnd(entry, error, context);
  }
  context.metrics.toolCalls.inc({ upstream: entry.upstream.name, outcome: ended.outcome });
  if (ended.outcome === 'cancelled') throw context.signal.reason;
  return ended.result;
}

const OUTCOME_OF_FAILURE: Partial<Record<FailureKind, CallOutcome>> = {
  refused: 'denied',
  circuit_open: 'circuit_open',
};

interface Ended {
  readonly outcome: CallOutcome;
  readonly result: CallToolResult;
}

async function run(entry: ToolEntry, args: unknown, context: CallContext): Promise<Ended> {
  const checked = checkedArguments(entry, args ?? {}, context);
  if ('problems' in checked) return refusedArguments(entry, checked.problems);

  // Nothing is awaited that is not there: each await is a turn of the queue with all other calls in it.
  const { onToolCall } = context;
  const decision =
    onToolCall === undefined ? null : await decisionOfHook(onToolCall, entry, checked.args, context);
  if (decision !== null && 'deny' in decision) {
    return { outcome: 'denied', result: errorResult(decision.deny) };
  }

  const request = buildRequest(entry.compiled.tool().plan, checked.args);
  const gated = context.gate?.(entry, context) ?? null;
  const refusal = gated instanceof Promise ? await unlessAborted(gated, context.signal) : gated;
  if (refusal !== null) return { outcome: 'denied', result: errorResult(refusal) };

  context.signal.throwIfAborted();
  const start = performance.now();
  const response = await send(entry, request, decision?.headers, context.signal);
  tell(entry, response, (performance.now() - start) / 1_000, context);
  const success = isSuccess(response.status, entry.upstream.config.validation.success_status);
  const result = resultOf(response, {
    compiled: entry.compiled,
    upstream: entry.upstream.name,
    request,
    success,
    logger: context.logger,
  });
  return { outcome: success ? 'ok' : 'upstream_error', result };
}

type CheckedArguments = { readonly args: JsonObject } | { readonly problems: readonly string[] };

function checkedArguments(entry: ToolEntry, given: unknown, context: CallContext): CheckedArguments {
  if (!isJsonObject(given)) return { problems: ['arguments: must be an object'] };
  const limit = context.argumentLimit ?? DEFAULT_ARGUMENT_LIMIT;
  let size = measureArguments(given as Json, limit);
  if (size.problem !== null) return { problems: [size.problem] };
  const args = declaredArguments(entry.compiled.tool().plan, given);
  // What was in texts of JSON counts as well.
  if (args !== given) size = measureArguments(args as Json, limit);
  if (size.problem !== null) return { problems: [size.problem] };
  if (!entry.upstream.config.validation.validate_request) return { args };
  const problems = argumentProblems(entry.compiled, args, size.nodes, context.logger);
  return problems.length === 0 ? { args } : { problems };
}

function decisionOfHook(hook: OnToolCall, entry: ToolEntry, args: JsonObject, context: CallContext) {
  const { endpoint, caller, request } = context;
  const asked = {
    tool: entry.name,
    upstream: entry.upstream.name,
    operation: entry.compiled.operation,
    endpoint,
    arguments: args,
    caller,
    request,
  };
  // A hook that hangs must not hold a call whose caller has left.
  return unlessAborted(decisionOf(hook, asked, context.logger), context.signal);
}

function send(
  entry: ToolEntry,
  request: BuiltRequest,
  hookHeaders: Readonly<Record<string, string>> | undefined,
  signal: AbortSignal,
): Promise<UpstreamResponse> {
  const { method, url, headers, body } = request;
  const { security } = entry.compiled.tool().plan;
  const plain = { method, url, headers, body, security };
  const complete = hookHeaders === undefined ? plain : { ...plain, hookHeaders };
  return entry.upstream.client.send(complete, signal);
}

function tell(entry: ToolEntry, response: UpstreamResponse, seconds: number, context: CallContext): void {
  context.metrics.toolCallDuration.observe({ upstream: entry.upstream.name }, seconds);
  context.logger.debug(
    { tool: entry.name, upstream: entry.upstream.name, status: response.status, seconds },
    'called',
  );
}

function refusedArguments(entry: ToolEntry, problems: readonly string[]): Ended {
  const heading = `The arguments of ${entry.name} are not valid; nothing was sent.`;
  return { outcome: 'invalid_arguments', result: errorResult([heading, ...problems].join('\n')) };
}

function failureEnd(entry: ToolEntry, error: unknown, context: CallContext): Ended {
  if (context.signal.aborted) return { outcome: 'cancelled', result: errorResult('The call was cancelled.') };
  if (error instanceof ArgumentError) return refusedArguments(entry, [error.message]);
  if (error instanceof UpstreamFailure) {
    return {
      outcome: OUTCOME_OF_FAILURE[error.kind] ?? 'failure',
      result: errorResult(error.message + afterword(entry, error)),
    };
  }
  context.logger.error(
    { tool: entry.name, upstream: entry.upstream.name, error: messageOf(error) },
    'a tool call failed inside the proxy',
  );
  return { outcome: 'failure', result: errorResult('The proxy could not carry out this call.') };
}

/** A write without an answer may have been carried out all the same. */
function afterword(entry: ToolEntry, failure: UpstreamFailure): string {
  const { method } = entry.compiled.tool().plan;
  const unknown = failure.kind === 'timeout' || failure.kind === 'too_large' || failure.kind === 'protocol';
  return unknown && method !== 'GET' && method !== 'HEAD'
    ? ' Whether the call took effect is not known.'
    : '';
}
