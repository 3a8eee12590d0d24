import type joi from 'joi';
import { inboundAuth } from './authSchema.js';
import { choice, duration, flag, integer, share, size, text } from './key.js';
import { list, mapping, named, section } from './structure.js';
import { nameKey, upstream } from './upstreamSchema.js';

/*
 * Every key, its default, its rule and its description: the one source of the checks, of the JSON Schema and
 * of what docs/configuration.md is compared with. Rules between keys are in rules.ts.
 */

const path = (description: string, fallback: string) =>
  text(description, {
    default: fallback,
    pattern: /^(?:\/[A-Za-z0-9._~-]+)+$/,
    rule: 'must be a path such as /metrics, without a slash at the end',
  });

const server = section(
  "The sidecar's listener, and limits. In middleware use the host application listens.",
  {
    host: text('Address to listen on.', { default: '0.0.0.0' }),
    port: integer('Port to listen on; 0 = any free one.', { default: 8080, max: 65_535 }),
    read_timeout: duration('Time for a whole request to arrive; 0 = no limit.', { default: '30s' }),
    write_timeout: duration(
      'An answer of which the client takes nothing for this long is cut off; 0 = no limit.',
      { default: '60s' },
    ),
    shutdown_timeout: duration('Time for running requests to end after SIGTERM.', { default: '10s' }),
    shutdown_delay: duration('Time to keep serving after /readyz has turned 503.', { default: '0s' }),
    max_request_body: size('Largest request body.', { default: '4MB' }),
    startup_validation_timeout: duration(
      'Per upstream: fetch, compile and dry run; past it the load has failed.',
      {
        default: '30s',
        min: '1ms',
      },
    ),
    allowed_hosts: list(
      'Host names that requests may name; empty = only localhost on loopback connections, any otherwise.',
      text('A host name, with a port or without.', {
        pattern: /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$/,
        rule: 'must be a host name such as mcp.example.com, without a scheme',
      }),
      { rule: 'must be a list of host names', default: [] },
    ),
    allowed_origins: list(
      'Browser origins accepted; requests without Origin always pass.',
      text('An origin.', {
        pattern: /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@*]+$/,
        rule: 'must be an origin such as https://app.example.com, without a path',
      }),
      { rule: 'must be a list of origins', default: [] },
    ),
    metrics_path: path('Where Prometheus metrics are.', '/metrics'),
    admin_port: integer('Port of its own for health, metrics and status; null = the same port.', {
      default: null,
      max: 65_535,
    }),
    admin_host: text('Address for admin_port; null = as host.', { default: null }),
    admin_reload: flag('Serve POST /-/reload on admin_port.', false),
    max_concurrent_requests: integer('Requests served at once; 0 = no limit.', { default: 0 }),
    max_streams_per_address: integer('Open event streams per client address; 0 = no limit.', {
      default: 100,
    }),
  },
);

const reload = section('How changes are noticed and applied.', {
  debounce: duration('Quiet time after a file event before the change is read.', { default: '100ms' }),
  poll_interval: duration('How often files are compared, for what events miss; 0 = off.', { default: '2s' }),
  drain_timeout: duration('How long a replaced table is kept for requests that still use it.', {
    default: '5m',
  }),
  max_tool_removal: share(
    "Hold back a change that removes more than this share of an endpoint's tools, e.g. 50%; null = no such gate.",
    null,
  ),
});

const naming = section('How tools are named and described.', {
  separator: text('Between prefix and name.', {
    default: '__',
    pattern: /^[A-Za-z0-9_-]{1,8}$/,
    rule: 'must be 1 to 8 letters, digits, "_" or "-"',
  }),
  max_length: integer('Longest tool name.', { default: 64, min: 16, max: 128 }),
  conflict_resolution: choice(
    'When upstreams of one group offer tools of the same name: refuse the change, list the first, or list none.',
    ['error', 'first_wins', 'skip'],
    { default: 'error' },
  ),
  description_max_length: integer('Longest description; 0 = no limit.', { default: 1024 }),
  description_truncation_suffix: text('What a shortened description ends with.', {
    default: '...',
    empty: true,
  }),
});

const tools = section('What tools/list shows.', {
  page_size: integer('Tools per page; 0 = everything in one page.', { default: 0 }),
  output_schema: flag('Publish outputSchema and check structuredContent against it.', false),
  schema_profile: choice(
    "portable: what every client and LLM API accepts; verbatim: the document's schemas as they are.",
    ['portable', 'verbatim'],
    { default: 'portable' },
  ),
  list_ttl: duration(
    'How long clients of the 2026-07-28 protocol may keep a list; refresh = until the next refresh; null = not at all.',
    { default: null, word: 'refresh' },
  ),
});

export const group = mapping('An MCP endpoint and the tools it offers.', {
  name: nameKey('Unique; names it in logs and on the command line.').required(),
  endpoint: text('Path of the endpoint; unique.', {
    pattern: /^(?:\/[A-Za-z0-9._~-]+)+$/,
    rule: 'must be a path such as /mcp, with a slash at the start and none at the end',
  }).required(),
  upstreams: list('Upstreams whose tools it offers.', text('Name of an enabled upstream.'), {
    rule: 'must be a list of upstream names',
  }).required(),
  filter: text('JSONPath (RFC 9535) over the overlaid document; operations that it selects are offered.', {
    default: null,
  }),
  inbound_auth: inboundAuth('Who may call this endpoint; default: as the root says.'),
});

const rateLimit = mapping('How many tool calls are let through.', {
  average: integer('Calls per period.', { min: 1 }).required(),
  period: duration('The period.', { default: '1m', min: '1ms' }),
  burst: integer('Calls at once at most; default: as average.', { min: 1 }),
  source: choice('Counted per what.', ['user', 'ip', 'upstream'], { default: 'user' }),
});

/** In lower case only: the client takes another spelling of `rediss` for a connection without TLS. */
const REDIS_URL =
  /^rediss?:\/\/(?:[^@\s/?#]*@)?(?:\[[0-9A-Fa-f:.]+\]|[^@:\s/?#[\]]+)(?::\d{1,5})?(?:\/\d{0,4})?$/;
const REDIS_RULE = 'must be a URL such as rediss://user:password@redis.example:6379/0, without a query';

const circuitBreaker = section('When calls to a failing upstream are held back.', {
  threshold: share('Share of failed calls that opens it.', 0.5),
  min_requests: integer('Calls before the share counts.', { default: 20, min: 1 }),
  fallback_duration: duration('How long it stays open.', { default: '10s', min: '1ms' }),
  recovery_duration: duration('How long calls are let through gradually before it is closed again.', {
    default: '10s',
    min: '1ms',
  }),
});

export const configSchema = section('Configuration of mcp-anything.', {
  server,
  reload,
  naming,
  tools,
  upstreams: list('The HTTP APIs.', upstream, { rule: 'must be a list of upstreams' }).required(),
  groups: list('MCP endpoints; absent = one group "default" at /mcp with every enabled upstream.', group, {
    rule: 'must be a list of groups',
  }),
  inbound_auth: inboundAuth('Who may call; default: anyone.'),
  rate_limits: named('Named limits, used by upstreams[].rate_limit.', rateLimit.required()),
  rate_limit_store: section('Where calls are counted for rate_limits.', {
    redis_url: text(
      `Redis that all replicas count in, redis:// or rediss:// (TLS); null = each in its own memory. Write \${VAR}: it may hold a password.`,
      { default: null, pattern: REDIS_URL, rule: REDIS_RULE },
    ),
    prefix: text('What the names of its keys begin with.', {
      default: 'mcp_anything',
      pattern: /^[A-Za-z0-9._:-]{1,64}$/,
      rule: 'must be 1 to 64 letters, digits, ".", "_", ":" or "-"',
    }),
  }),
  circuit_breakers: named('Named circuit breakers, used by upstreams[].circuit_breaker.', circuitBreaker),
  egress: section('Which addresses a document, rather than the operator, may name.', {
    allow_private_spec_servers: flag(
      'Allow documents to name servers at private and loopback addresses.',
      false,
    ),
  }),
});

/** Options for every validation: all problems at once; variables arrive as text, so text is converted. */
export const VALIDATION: joi.ValidationOptions = {
  abortEarly: false,
  convert: true,
  errors: { label: false },
};
