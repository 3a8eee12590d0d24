import type { IncomingMessage } from 'node:http';
import type { RequestBody } from '../mcp/exchange.js';

/** A body, or why there is none. */
export type BodyOutcome =
  | RequestBody
  | { readonly kind: 'too_large' }
  | { readonly kind: 'too_slow' }
  /** The client left while it sent. */
  | { readonly kind: 'aborted' };

export interface BodyLimits {
  /** Bytes. */
  readonly maxBytes: number;
  /** Milliseconds from now until the last byte; 0 = no limit. */
  readonly deadline: number;
}

/** What body parsers leave on a request. */
interface ParsedRequest {
  readonly body?: unknown;
  /** body-parser: the stream has been read. */
  readonly _body?: unknown;
}

/**
 * The body of a request. A host's parser may have read it already; then its value is taken. A value on a stream that
 * nobody has read (Express 4 puts `{}` there) does not count.
 */
export function readBody(req: IncomingMessage, limits: BodyLimits): Promise<BodyOutcome> {
  const { readableEnded } = req;
  if (readableEnded || (req as ParsedRequest)._body === true) {
    const { body } = req as ParsedRequest;
    if (body !== undefined) return Promise.resolve(givenBody(body, limits));
    if (readableEnded) return Promise.resolve({ kind: 'bytes', bytes: Buffer.alloc(0) });
  }
  // What has left already says so no more.
  if (req.destroyed) return Promise.resolve({ kind: 'aborted' });
  if (Number(req.headers['content-length']) > limits.maxBytes) return Promise.resolve({ kind: 'too_large' });
  return collect(req, limits);
}

function givenBody(body: unknown, { maxBytes }: BodyLimits): BodyOutcome {
  if (typeof body !== 'string' && !Buffer.isBuffer(body)) return { kind: 'parsed', value: body };
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  return bytes.length > maxBytes ? { kind: 'too_large' } : { kind: 'bytes', bytes };
}

function collect(req: IncomingMessage, { maxBytes, deadline }: BodyLimits): Promise<BodyOutcome> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    let settled = false;

    /** The listeners stay: they go with the request, and taking off four of them costs more than it frees. */
    function settle(outcome: BodyOutcome): void {
      if (settled) return;
      settled = true;
      // A connection that stays open keeps its last request, which need not keep the bytes.
      chunks.length = 0;
      clearTimeout(timer);
      resolve(outcome);
    }
    function onData(data: Buffer | string): void {
      if (settled) return;
      // A host that has set an encoding on the request gets strings out of it.
      const chunk = typeof data === 'string' ? Buffer.from(data) : data;
      length += chunk.length;
      if (length > maxBytes) settle({ kind: 'too_large' });
      else chunks.push(chunk);
    }
    function onEnd(): void {
      const [first] = chunks;
      const whole = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks, length);
      settle({ kind: 'bytes', bytes: whole });
    }
    function onGone(): void {
      settle({ kind: 'aborted' });
    }

    const timer = deadline === 0 ? undefined : setTimeout(() => settle({ kind: 'too_slow' }), deadline);
    timer?.unref();
    req.on('data', onData);
    req.on('end', onEnd);
    req.on('error', onGone);
    req.on('close', onGone);
  });
}
