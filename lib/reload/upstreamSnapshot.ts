import { createHash } from 'node:crypto';
import type { CircuitBreakerConfig, Config, EgressConfig, UpstreamConfig } from '../config/config.js';
import { messageOf, SourceError } from '../errors.js';
import type { UpstreamClient, UpstreamSnapshot } from '../table/routingTable.js';
import type { CompiledUpstream } from '../tools/tool.js';

/** What making a client takes; file contents come through `readSecret`, read once for digest and client alike. */
export interface ClientOptions {
  readonly config: UpstreamConfig;
  readonly server: string;
  readonly egress: EgressConfig;
  readonly circuitBreaker: CircuitBreakerConfig | null;
  readonly readSecret: (path: string) => string;
}

export interface SnapshotContext {
  readonly config: Config;
  /** null = new in this config. */
  readonly formerSnapshot: UpstreamSnapshot | null;
  readonly readFile: (path: string) => Promise<Buffer>;
  readonly createClient: (options: ClientOptions) => UpstreamClient;
}

/**
 * Puts compiled tools and a client together; the former client, and the former snapshot as a whole, are kept
 * when nothing they were made of has changed.
 * @throws SourceError stage `client`.
 */
export async function makeSnapshot(
  upstream: UpstreamConfig,
  context: SnapshotContext,
  compiled: CompiledUpstream,
  compileDigest: string,
): Promise<UpstreamSnapshot> {
  const former = context.formerSnapshot;
  const { config: root } = context;
  const secrets = await readSecrets(upstream, context);
  const {
    openapi: { source },
    overlay: _overlay,
    tool_prefix: _prefix,
    inbound_auth: _auth,
    ...transport
  } = upstream;
  const { egress, circuit_breakers: breakers } = root;
  const circuitBreaker =
    upstream.circuit_breaker === null ? null : (breakers[upstream.circuit_breaker] ?? null);
  const clientDigest = digestOf(transport, source, compiled.server, circuitBreaker, egress, [...secrets]);
  const client =
    former?.clientDigest === clientDigest
      ? former.client
      : createClient(context, {
          config: upstream,
          server: compiled.server,
          egress,
          circuitBreaker,
          readSecret: (path) => secrets.get(path) ?? '',
        });
  if (
    former?.compiled === compiled &&
    former.client === client &&
    JSON.stringify(former.config) === JSON.stringify(upstream)
  ) {
    return former;
  }
  return Object.freeze({
    name: upstream.name,
    config: upstream,
    compileDigest,
    clientDigest,
    compiled,
    client,
  });
}

function createClient(context: SnapshotContext, options: ClientOptions): UpstreamClient {
  try {
    return context.createClient(options);
  } catch (error) {
    if (error instanceof SourceError) throw error;
    throw new SourceError('client', options.server, messageOf(error), { cause: error });
  }
}

async function readSecrets(upstream: UpstreamConfig, context: SnapshotContext): Promise<Map<string, string>> {
  const contents = new Map<string, string>();
  for (const path of filesNamedIn({ tls: upstream.tls, auth: upstream.outbound_auth })) {
    try {
      contents.set(path, (await context.readFile(path)).toString('utf8'));
    } catch (error) {
      throw new SourceError('client', path, `cannot be read: ${messageOf(error)}`, { cause: error });
    }
  }
  return contents;
}

/** The values of all `*_file` keys, in order of appearance. */
function filesNamedIn(value: object): string[] {
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]) => {
    if (typeof inner === 'string') return key.endsWith('_file') ? [inner] : [];
    return typeof inner === 'object' && inner !== null ? filesNamedIn(inner) : [];
  });
}

/** SHA-256 (hex) of the values' JSON. */
export function digestOf(...values: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(values)).digest('hex');
}
