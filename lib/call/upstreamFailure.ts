import { EgressError } from '../spec/egress.js';

/**
 * `timeout`: no complete answer in time. `connect`: no connection, or it broke. `too_large`: the answer exceeds
 * `max_response_body`. `aborted`: the caller went away. `refused`: not sent, by the proxy's own rules. `circuit_open`: not
 * sent, the upstream has failed too often. `protocol`: an answer that is not valid HTTP.
 */
export type FailureKind =
  | 'timeout'
  | 'connect'
  | 'too_large'
  | 'aborted'
  | 'refused'
  | 'circuit_open'
  | 'protocol';

/** No usable answer. The message names the host at most, and may be shown to an MCP client. */
export class UpstreamFailure extends Error {
  readonly kind: FailureKind;
  /** True when the request cannot have been answered: an idempotent one may be sent again. */
  readonly retryable: boolean;

  constructor(
    kind: FailureKind,
    message: string,
    options: { readonly cause?: unknown; readonly retryable?: boolean } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'UpstreamFailure';
    this.kind = kind;
    this.retryable = options.retryable ?? false;
  }
}

/** Codes of Node, OpenSSL and undici, by what to tell the agent. */
const SENTENCES: readonly (readonly [codes: RegExp, sentence: string, retryable: boolean])[] = [
  [/^ECONNREFUSED$/, 'refused the connection', true],
  [
    /^(?:ECONNRESET|EPIPE|UND_ERR_SOCKET|ECONNABORTED)$/,
    'closed the connection before it had answered',
    true,
  ],
  [/^(?:EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN)$/, 'cannot be reached', true],
  [/^(?:UND_ERR_CONNECT_TIMEOUT|ETIMEDOUT)$/, 'did not accept a connection in time', true],
  [/^EAI_AGAIN$/, 'cannot be looked up at the moment', true],
  [/^ENOTFOUND$/, 'has no address: the name does not resolve', false],
  [
    /CERT|SELF_SIGNED|ERR_TLS|UNABLE_TO|HOSTNAME_MISMATCH/,
    'has a certificate that the proxy does not trust',
    false,
  ],
  [/SSL|EPROTO/, 'does not speak TLS as the proxy expects', false],
];

/** What a connection error means for the agent; nothing of the cause's own text is shown. */
export function failureOf(error: unknown, host: string): UpstreamFailure {
  if (error instanceof UpstreamFailure) return error;
  if (error instanceof EgressError) {
    return new UpstreamFailure('refused', `${host} is at an address that the proxy's rules do not allow.`, {
      cause: error,
    });
  }
  const code = codeOf(error);
  for (const [codes, sentence, retryable] of SENTENCES) {
    if (codes.test(code)) {
      return new UpstreamFailure('connect', `${host} ${sentence}.`, { cause: error, retryable });
    }
  }
  return new UpstreamFailure('protocol', `${host} did not answer with valid HTTP.`, { cause: error });
}

/** A stable word for a log line; "" when the error has none. */
export function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}
