import joi from 'joi';
import { inboundAuth, outboundAuth } from './authSchema.js';
import { choice, duration, flag, integer, size, text } from './key.js';
import { list, mapping, named, section } from './structure.js';

const NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
const NAME_RULE = 'must be letters, digits, ".", "_" or "-", at most 63, the first a letter or digit';

/** A name of an upstream, a group or a policy. */
export function nameKey(description: string): joi.Schema {
  return text(description, { pattern: NAME_PATTERN, rule: NAME_RULE });
}

const file = (description: string) => text(description, { default: null, rule: 'must be a file' });

const source = (description: string) =>
  text(description, { rule: 'must be a file or an http(s) URL' }).required();

const authHeader = () =>
  text('The whole Authorization value for fetching the source; sent to its origin only.', { default: '' });

const overlay = mapping('An OpenAPI Overlay document.', {
  source: source('File or http(s) URL.'),
  auth_header: authHeader(),
  refresh_interval: duration('How often a URL is looked at; null = together with the document.', {
    default: null,
    min: '1ms',
  }),
});

const successStatus = joi.any().custom((value: unknown, helpers) => {
  const status = typeof value === 'number' ? String(value) : value;
  const valid = typeof status === 'string' && /^[1-5](?:xx|[0-9]{2})$/i.test(status);
  return valid ? status.toLowerCase() : helpers.error('any.rule');
});

export const upstream = mapping('An HTTP API.', {
  name: nameKey('Unique; labels metrics, and names it in groups and logs.').required(),
  type: choice('What kind of upstream; only HTTP APIs can be.', ['http'], {
    default: 'http',
    rule: 'must be http (programs and scripts cannot be upstreams here)',
  }),
  enabled: flag('false = as if it were not in the file.', true),
  tool_prefix: text(
    'What tool names begin with; default: the name; "" = no prefix. Unique among enabled upstreams.',
    {
      empty: true,
      pattern: /^[A-Za-z0-9_-]{0,48}$/,
      rule: 'must be letters, digits, "_" or "-", at most 48',
    },
  ),
  base_url: text(
    "Where calls go; null = the document's own server. Trusted: egress rules do not apply to it.",
    {
      default: null,
      rule: 'must be an absolute http(s) URL',
    },
  ),
  timeout: duration('For one upstream call, from connecting to the last byte.', {
    default: '10s',
    min: '1ms',
  }),
  max_response_body: size('Largest answer that is read, after decompression.', { default: '10MB' }),
  headers: named(
    'Headers of every upstream call.',
    text('A header value.', { empty: true, rule: 'must be text' }),
  ),
  max_connections: integer('Connections to the upstream at most.', { default: 64, min: 1, max: 65_535 }),
  tls: section('TLS towards the upstream.', {
    insecure_skip_verify: flag('Accept any certificate. For experiments only.', false),
    ca_file: file('PEM file of the authorities to trust in place of the usual ones.'),
    cert_file: file('PEM file of the client certificate; needs key_file.'),
    key_file: file('PEM file of the key of the client certificate; needs cert_file.'),
    server_name: text('Name to send (SNI) and to expect in the certificate; null = the host of the URL.', {
      default: null,
    }),
  }),
  openapi: mapping('The document that describes the API.', {
    source: source('File or http(s) URL of an OpenAPI 3.x or Swagger 2.0 document.'),
    auth_header: authHeader(),
    refresh_interval: duration('How often a URL is looked at for changes; null = loaded once.', {
      default: null,
      min: '1ms',
    }),
    max_refresh_failures: integer(
      'From this many failed refreshes in a row on, /readyz answers 503; 0 = never.',
      {
        default: 0,
      },
    ),
    allow_external_refs: flag('Follow references of the document to other files and URLs.', false),
    max_size: size('Largest document that is read, after decompression.', { default: '64MB' }),
  }).required(),
  overlay: list('One overlay or a list of them, applied in order.', overlay, {
    rule: 'must be an overlay or a list of them',
    default: [],
    single: true,
  }),
  outbound_auth: outboundAuth('How the proxy authenticates to the upstream.'),
  validation: section('What is checked around each call.', {
    validate_request: flag("Check arguments against the tool's input schema before calling.", true),
    success_status: list(
      'Statuses that count as success: 2xx, 200, 304.',
      successStatus
        .description('A status or a class of them.')
        .messages({ '*': 'must be a status such as 200 or 2xx' })
        .meta({
          json: {
            anyOf: [
              { type: 'string', pattern: '^[1-5]([xX]{2}|[0-9]{2})$' },
              { type: 'integer', minimum: 100, maximum: 599 },
            ],
          },
        }),
      { rule: 'must be a list of statuses such as 2xx', default: ['2xx'] },
    ),
  }),
  rate_limit: text('Name of an entry of rate_limits.', { default: null }),
  circuit_breaker: text('Name of an entry of circuit_breakers.', { default: null }),
  inbound_auth: inboundAuth(
    'Who may call the tools of this upstream; default: as the group says, then the root.',
  ),
});
