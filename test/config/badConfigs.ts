// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of config files are written like this.
/** Configs that must be refused, each with every line that the operator reads. */
export interface BadConfig {
  readonly name: string;
  readonly text: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly use?: 'middleware' | 'sidecar';
  /** `FILE` stands for the path of the config file. */
  readonly lines: readonly string[];
}

/** The smallest upstream, with more keys (YAML flow) behind it. */
function upstreams(...more: readonly string[]): string {
  return `upstreams:\n${more.map((keys) => `  - { ${keys} }`).join('\n')}\n`;
}

const PETS = 'name: pets, openapi: { source: ./pets.yaml }';
const REMOTE = 'name: pets, openapi: { source: "https://docs.example.com/pets.yaml"';

function pets(more: string): string {
  return upstreams(`${PETS}, ${more}`);
}

function withPets(text: string): string {
  return `${text}\n${upstreams(PETS)}`;
}

const texts: readonly BadConfig[] = [
  { name: 'an empty file', text: '', lines: ['FILE: is empty'] },
  { name: 'a file of comments', text: '# nothing here\n', lines: ['FILE: is empty'] },
  {
    name: 'an HTML page',
    text: '<!doctype html><p>token=hunter2</p>',
    lines: ['FILE: is HTML or XML, not YAML or JSON'],
  },
  {
    name: 'bad indentation',
    text: 'server:\n  port: 1\n host: hunter2\n',
    lines: ['FILE: is not valid YAML at 3:2: bad indentation of a mapping entry'],
  },
  {
    name: 'a repeated key',
    text: 'server: {}\nserver: {}\n',
    lines: ['FILE: is not valid YAML at 2:1: duplicated mapping key'],
  },
  {
    name: 'a repeated key in JSON',
    text: '{"server": {},\n "server": {}}',
    lines: ['FILE: is not valid YAML at 2:2: duplicated mapping key'],
  },
  {
    name: 'two documents',
    text: 'server: {}\n---\nserver: {}\n',
    lines: ['FILE: has more than one YAML document'],
  },
  {
    name: 'a secret that reads as an alias',
    text: 'server:\n  host: *hunter2\n',
    lines: [
      'FILE: is not valid YAML at 2:17: an alias names no anchor (a value that starts with * needs quotes)',
    ],
  },
  {
    name: 'a secret that reads as a tag',
    text: 'server:\n  host: !hunter2 x\n',
    lines: ['FILE: is not valid YAML at 2:19: unknown tag (a value that starts with ! needs quotes)'],
  },
  { name: 'a list at the root', text: '- a\n', lines: ['FILE: must be a mapping of keys, got a list'] },
  { name: 'a text at the root', text: 'hunter2', lines: ['FILE: must be a mapping of keys, got text'] },
  {
    name: '__proto__',
    text: 'server:\n  __proto__: {}\n',
    lines: ['FILE: has the key "__proto__", which is not allowed'],
  },
  {
    name: 'constructor',
    text: withPets('rate_limits: { constructor: { average: 1 } }'),
    lines: ['FILE: has the key "constructor", which is not allowed'],
  },
  {
    name: 'an alias bomb',
    text: [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      ...'bcdefghi'.split('').map(
        (key, index) =>
          `${key}: &${key} [${Array(9)
            .fill('*' + 'abcdefghi'[index])
            .join()}]`,
      ),
    ].join('\n'),
    lines: ['FILE: has aliases that expand too far'],
  },
  { name: 'an alias of itself', text: 'a: &a [*a]', lines: ['FILE: is nested deeper than 200 levels'] },
];

const keys: readonly BadConfig[] = [
  { name: 'no upstreams', text: 'server: { port: 1 }', lines: ['upstreams: is required'] },
  { name: 'an empty list of upstreams key', text: 'upstreams:', lines: ['upstreams: is required'] },
  {
    name: 'upstreams that are no list',
    text: 'upstreams: pets',
    lines: ['upstreams: must be a list of upstreams, got "pets"'],
  },
  {
    name: 'an upstream that is no mapping',
    text: 'upstreams: [pets]',
    lines: ['upstreams[0]: must be a mapping of keys, got "pets"'],
  },
  { name: 'an empty upstream', text: 'upstreams:\n  -\n', lines: ['upstreams[0]: is empty'] },
  {
    name: 'an upstream without name and document',
    text: 'upstreams: [{ timeout: 1s }]',
    lines: ['upstreams[0].name: is required', 'upstreams[0].openapi: is required'],
  },
  {
    name: 'a name with a blank',
    text: upstreams('name: my pets, openapi: { source: a }'),
    lines: [
      'upstreams[0].name: must be letters, digits, ".", "_" or "-", at most 63, the first a letter or digit, got "my pets"',
    ],
  },
  {
    name: 'a document without a source',
    text: upstreams('name: pets, openapi: {}'),
    lines: ['upstreams[0].openapi.source: is required'],
  },
  {
    name: 'an unknown section',
    text: withPets('sever: {}'),
    lines: ['sever: is not a known key, did you mean "server"?'],
  },
  {
    name: 'an unknown key of another spelling habit',
    text: pets('baseUrl: "https://a"'),
    lines: ['upstreams[0].baseUrl: is not a known key, did you mean "base_url"?'],
  },
  {
    name: 'an unknown key like no other',
    text: pets('colour: hunter2'),
    lines: ['upstreams[0].colour: is not a known key'],
  },
  {
    name: 'an unknown key that is no word',
    text: pets('"a b\\n": 1'),
    lines: ['upstreams[0]["a b\\n"]: is not a known key'],
  },
  {
    name: 'a wrong duration',
    text: pets('timeout: soon'),
    lines: ['upstreams[0].timeout: must be a duration such as 30s, 5m or 1h, got "soon"'],
  },
  {
    name: 'a duration without a unit',
    text: pets('timeout: 30'),
    lines: ['upstreams[0].timeout: must be a duration such as 30s, 5m or 1h, got 30'],
  },
  {
    name: 'a negative duration',
    text: pets('timeout: -5s'),
    lines: ['upstreams[0].timeout: must be a duration such as 30s, 5m or 1h, got "-5s"'],
  },
  {
    name: 'a duration of nothing',
    text: pets('timeout: 0s'),
    lines: ['upstreams[0].timeout: must be a duration from 1ms to 500h, got "0s"'],
  },
  {
    name: 'a duration beyond what timers can',
    text: withPets('reload: { drain_timeout: 1000h }'),
    lines: ['reload.drain_timeout: must be a duration from 0ms to 500h, got "1000h"'],
  },
  {
    name: 'a wrong size',
    text: pets('max_response_body: big'),
    lines: ['upstreams[0].max_response_body: must be a size such as 512KB or 4MB, got "big"'],
  },
  {
    name: 'a size beyond what texts can',
    text: withPets('server: { max_request_body: 2GB }'),
    lines: ['server.max_request_body: must be a size from 1B to 512MB, got "2GB"'],
  },
  {
    name: 'a port out of range',
    text: withPets('server: { port: 70000 }'),
    lines: ['server.port: must be a whole number from 0 to 65535, got 70000'],
  },
  {
    name: 'a number that is a text',
    text: withPets('server: { port: http }'),
    lines: ['server.port: must be a whole number from 0 to 65535, got "http"'],
  },
  {
    name: 'a broken number',
    text: withPets('tools: { page_size: 1.5 }'),
    lines: ['tools.page_size: must be a whole number, 0 or more, got 1.5'],
  },
  {
    name: 'no boolean',
    text: withPets('tools: { output_schema: yes }'),
    lines: ['tools.output_schema: must be true or false, got "yes"'],
  },
  {
    name: 'null where there is no null',
    text: pets('timeout: null'),
    lines: ['upstreams[0].timeout: must be a duration such as 30s, 5m or 1h, got null'],
  },
  {
    name: 'no such choice',
    text: withPets('naming: { conflict_resolution: last_wins }'),
    lines: ['naming.conflict_resolution: must be error, first_wins or skip, got "last_wins"'],
  },
  {
    name: 'a separator that names cannot have',
    text: withPets('naming: { separator: "." }'),
    lines: ['naming.separator: must be 1 to 8 letters, digits, "_" or "-", got "."'],
  },
  {
    name: 'names too short to be any good',
    text: withPets('naming: { max_length: 8 }'),
    lines: ['naming.max_length: must be a whole number from 16 to 128, got 8'],
  },
  {
    name: 'a share above everything',
    text: withPets('reload: { max_tool_removal: 150% }'),
    lines: ['reload.max_tool_removal: must be a share such as 50% or 0.5, got "150%"'],
  },
  {
    name: 'a list that is a text',
    text: withPets('server: { allowed_hosts: mcp.example.com }'),
    lines: ['server.allowed_hosts: must be a list of host names, got "mcp.example.com"'],
  },
  {
    name: 'a host with a scheme',
    text: withPets('server: { allowed_hosts: ["https://mcp.example.com"] }'),
    lines: [
      'server.allowed_hosts[0]: must be a host name such as mcp.example.com, without a scheme, got "https://mcp.example.com"',
    ],
  },
  {
    name: 'an origin with a path',
    text: withPets('server: { allowed_origins: ["https://a.example.com/x"] }'),
    lines: [
      'server.allowed_origins[0]: must be an origin such as https://app.example.com, without a path, got "https://a.example.com/x"',
    ],
  },
  {
    name: 'any origin',
    text: withPets('server: { allowed_origins: ["*"] }'),
    lines: [
      'server.allowed_origins[0]: must be an origin such as https://app.example.com, without a path, got "*"',
    ],
  },
  {
    name: 'a ttl of another word',
    text: withPets('tools: { list_ttl: often }'),
    lines: ['tools.list_ttl: must be refresh, or a duration such as 30s, 5m or 1h, got "often"'],
  },
  {
    name: 'a status that is none',
    text: pets('validation: { success_status: [2xx, 600, ok] }'),
    lines: [
      'upstreams[0].validation.success_status[1]: must be a status such as 200 or 2xx, got 600',
      'upstreams[0].validation.success_status[2]: must be a status such as 200 or 2xx, got "ok"',
    ],
  },
  {
    name: 'a rate limit without a rate',
    text: `${pets('rate_limit: slow')}rate_limits: { slow: { period: 1s } }`,
    lines: ['rate_limits.slow.average: is required'],
  },
  {
    name: 'an empty rate limit',
    text: `${pets('rate_limit: slow')}rate_limits: { slow: }`,
    lines: ['rate_limits.slow: is required'],
  },
  {
    name: 'a store that is no Redis, with its password',
    text: withPets('rate_limit_store: { redis_url: "http://proxy:hunter2@redis" }'),
    lines: [
      'rate_limit_store.redis_url: must be a URL such as rediss://user:password@redis.example:6379/0, without a query, got [redacted]',
    ],
  },
  {
    name: 'a store with options in its URL',
    text: withPets('rate_limit_store: { redis_url: "redis://redis?password=hunter2", prefix: "a b" }'),
    lines: [
      'rate_limit_store.redis_url: must be a URL such as rediss://user:password@redis.example:6379/0, without a query, got [redacted]',
      'rate_limit_store.prefix: must be 1 to 64 letters, digits, ".", "_", ":" or "-", got "a b"',
    ],
  },
  {
    name: 'a store whose password cannot be decoded',
    text: withPets('rate_limit_store: { redis_url: "redis://:hunter2%@redis" }'),
    lines: [
      'rate_limit_store.redis_url: must be a URL whose user name and password are percent-encoded, got [redacted]',
    ],
  },
  {
    name: 'a prefix without a store',
    text: withPets('rate_limit_store: { prefix: mine }'),
    lines: ['rate_limit_store.prefix: would do nothing without redis_url'],
  },
  {
    name: 'a program as an upstream',
    text: 'upstreams: [{ name: ls, type: command, command: ls, args: [hunter2] }]',
    lines: ['upstreams[0].type: must be http (programs and scripts cannot be upstreams here), got "command"'],
  },
  {
    name: 'a script as an upstream',
    text: 'upstreams: [{ name: ls, type: script, script: ls }]',
    lines: ['upstreams[0].type: must be http (programs and scripts cannot be upstreams here), got "script"'],
  },
  {
    name: 'a refresh of a file beside another mistake',
    text: upstreams('name: "my pets", openapi: { source: a, refresh_interval: 5m }'),
    lines: [
      'upstreams[0].name: must be letters, digits, ".", "_" or "-", at most 63, the first a letter or digit, got "my pets"',
      'upstreams[0].openapi.refresh_interval: would do nothing: the source is a file, and files are watched',
    ],
  },
  {
    name: 'many mistakes, told all at once in the order of the file',
    text: 'tools: { page_size: -1 }\nupstreams:\n  - name: pets\n    timeout: soon\n    openapi: { source: a, refresh_interval: soon }\n  - name: pets\n    openapi: { source: "${NOWHERE}" }\nserver: { prot: 1 }\ngroups: [{ name: g, endpoint: mcp, upstreams: [pest] }]\n',
    lines: [
      'tools.page_size: must be a whole number, 0 or more, got -1',
      'upstreams[0].timeout: must be a duration such as 30s, 5m or 1h, got "soon"',
      'upstreams[0].openapi.refresh_interval: must be a duration such as 30s, 5m or 1h, got "soon"',
      'upstreams[1].name: must differ from the name of upstreams[0], got "pets"',
      'upstreams[1].openapi.source: needs the environment variable NOWHERE, which is not set and has no default',
      'server.prot: is not a known key, did you mean "port"?',
      'groups[0].endpoint: must be a path such as /mcp, with a slash at the start and none at the end, got "mcp"',
      'groups[0].upstreams[0]: must name an upstream, got "pest", did you mean "pets"?',
    ],
  },
];

const variables: readonly BadConfig[] = [
  {
    name: 'a variable that is not set',
    text: pets('base_url: "https://${HOST}"'),
    lines: [
      'upstreams[0].base_url: needs the environment variable HOST, which is not set and has no default',
    ],
  },
  {
    name: 'a malformed variable',
    text: pets('base_url: "https://${HOST"'),
    env: { HOST: 'a' },
    lines: [
      'upstreams[0].base_url: has a malformed variable: write ${NAME}, ${NAME:-default}, or $${ for a plain ${',
    ],
  },
  {
    name: 'a variable within a default',
    text: pets('base_url: "${A:-${B}}"'),
    env: { B: 'b' },
    lines: [
      'upstreams[0].base_url: has a malformed variable: write ${NAME}, ${NAME:-default}, or $${ for a plain ${',
    ],
  },
  {
    name: 'a variable that holds nonsense',
    text: pets('timeout: "${TIMEOUT}"'),
    env: { TIMEOUT: 'hunter2' },
    lines: ['upstreams[0].timeout: must be a duration such as 30s, 5m or 1h, got a value from ${TIMEOUT}'],
  },
  {
    name: 'variables that make up nonsense',
    text: pets('base_url: "${SCHEME}://${HOST}"'),
    env: { SCHEME: 'ftp', HOST: 'hunter2' },
    lines: ['upstreams[0].base_url: must be an absolute http(s) URL, got a value from ${SCHEME} and ${HOST}'],
  },
];

const upstreamRules: readonly BadConfig[] = [
  {
    name: 'two upstreams of one name',
    text: upstreams(PETS, PETS),
    lines: ['upstreams[1].name: must differ from the name of upstreams[0], got "pets"'],
  },
  {
    name: 'two upstreams of one prefix',
    text: upstreams(PETS, 'name: dogs, tool_prefix: pets, openapi: { source: a }'),
    lines: ['upstreams[1].tool_prefix: must differ from the prefix of upstreams[0], got "pets"'],
  },
  {
    name: 'a prefix that names cannot have',
    text: pets('tool_prefix: "pets/"'),
    lines: ['upstreams[0].tool_prefix: must be letters, digits, "_" or "-", at most 48, got "pets/"'],
  },
  {
    name: 'a prefix that leaves no room',
    text: `naming: { max_length: 16 }\n${pets('tool_prefix: animals')}`,
    lines: [
      'upstreams[0].tool_prefix: must be at most 6 characters with naming.max_length 16, got "animals"',
    ],
  },
  {
    name: 'a relative base URL',
    text: pets('base_url: /v2'),
    lines: ['upstreams[0].base_url: must be an absolute http(s) URL, got "/v2"'],
  },
  {
    name: 'a base URL of another scheme',
    text: pets('base_url: "ftp://a.example.com"'),
    lines: ['upstreams[0].base_url: must be an absolute http(s) URL, got "ftp://a.example.com"'],
  },
  {
    name: 'a base URL with credentials',
    text: pets('base_url: "https://me:hunter2@a.example.com/v2"'),
    lines: [
      'upstreams[0].base_url: must not hold credentials; use outbound_auth, got "https://[redacted]@a.example.com/v2"',
    ],
  },
  {
    name: 'a base URL with a query',
    text: pets('base_url: "https://a.example.com/v2?key=hunter2"'),
    lines: [
      'upstreams[0].base_url: must have no query and no fragment, got "https://a.example.com/v2?[redacted]"',
    ],
  },
  {
    name: 'a source of another scheme',
    text: upstreams('name: pets, openapi: { source: "file:///etc/pets.yaml" }'),
    lines: ['upstreams[0].openapi.source: must be a file or an http(s) URL, got "file:///etc/pets.yaml"'],
  },
  {
    name: 'a source that is no URL',
    text: upstreams('name: pets, openapi: { source: "https://" }'),
    lines: ['upstreams[0].openapi.source: must be a file or an http(s) URL, got "https://"'],
  },
  {
    name: 'a source with credentials',
    text: upstreams('name: pets, openapi: { source: "https://me:hunter2@a.example.com/x?t=hunter2" }'),
    lines: [
      'upstreams[0].openapi.source: must not hold credentials; use auth_header, got "https://[redacted]@a.example.com/x?[redacted]"',
    ],
  },
  {
    name: 'a refresh of a file',
    text: upstreams('name: pets, openapi: { source: a, refresh_interval: 5m }'),
    lines: [
      'upstreams[0].openapi.refresh_interval: would do nothing: the source is a file, and files are watched',
    ],
  },
  {
    name: 'authorization towards a file',
    text: upstreams('name: pets, openapi: { source: a, auth_header: hunter2 }'),
    lines: ['upstreams[0].openapi.auth_header: would do nothing: the source is a file'],
  },
  {
    name: 'failures to count without refreshes',
    text: upstreams(`${REMOTE}, max_refresh_failures: 3 }`),
    lines: ['upstreams[0].openapi.max_refresh_failures: would do nothing without refresh_interval'],
  },
  {
    name: 'a refresh of an overlay that is a file',
    text: pets('overlay: { source: a, refresh_interval: 1m }'),
    lines: [
      'upstreams[0].overlay.refresh_interval: would do nothing: the source is a file, and files are watched',
    ],
  },
  {
    name: 'a second overlay without a source',
    text: pets('overlay: [{ source: a }, { auth_header: hunter2 }]'),
    lines: ['upstreams[0].overlay[1].source: is required'],
  },
  {
    name: 'a single overlay with an unknown key',
    text: pets('overlay: { source: a, sorce: b }'),
    lines: ['upstreams[0].overlay.sorce: is not a known key, did you mean "source"?'],
  },
  {
    name: 'an authorization of two lines',
    text: upstreams(`${REMOTE}, auth_header: "Bearer hunter2\\nX: y" }`),
    lines: [
      'upstreams[0].openapi.auth_header: must have no line breaks, control characters or characters beyond Latin-1',
    ],
  },
  {
    name: 'a header name with a blank',
    text: pets('headers: { "X Y": hunter2 }'),
    lines: ['upstreams[0].headers["X Y"]: must have a header name as its key'],
  },
  {
    name: 'a header of two lines',
    text: pets('headers: { X-A: "a\\r\\nX-B: hunter2" }'),
    lines: [
      'upstreams[0].headers.X-A: must have no line breaks, control characters or characters beyond Latin-1',
    ],
  },
  {
    name: 'a header of the connection',
    text: pets('headers: { Host: a }'),
    lines: ['upstreams[0].headers.Host: must be a header that the HTTP client does not set itself'],
  },
  {
    name: 'one header twice',
    text: pets('headers: { X-A: a, x-a: b }'),
    lines: ['upstreams[0].headers.x-a: must be given once, and "X-A" is the same header'],
  },
  {
    name: 'a header that is a number',
    text: pets('headers: { X-A: 12345 }'),
    lines: ['upstreams[0].headers.X-A: must be text, got [redacted]'],
  },
  {
    name: 'headers that are a text',
    text: pets('headers: hunter2'),
    lines: ['upstreams[0].headers: must be a mapping of names, got [redacted]'],
  },
  {
    name: 'a certificate without a key',
    text: pets('tls: { cert_file: ./present }'),
    lines: ['upstreams[0].tls.cert_file: needs key_file'],
  },
  {
    name: 'a key without a certificate',
    text: pets('tls: { key_file: ./present }'),
    lines: ['upstreams[0].tls.key_file: needs cert_file'],
  },
  {
    name: 'an authority that is not asked',
    text: pets('tls: { insecure_skip_verify: true, ca_file: ./present }'),
    lines: ['upstreams[0].tls.ca_file: would do nothing with insecure_skip_verify'],
  },
  {
    name: 'TLS where there is none',
    text: pets('base_url: "http://a", tls: { server_name: a }'),
    lines: ['upstreams[0].tls: would do nothing: base_url is an http URL'],
  },
  {
    name: 'a missing authority',
    text: pets('tls: { ca_file: ./absent.pem }'),
    lines: ['upstreams[0].tls.ca_file: must be a file that can be read (no such file), got "./absent.pem"'],
  },
  {
    name: 'an empty authority',
    text: pets('tls: { ca_file: ./empty }'),
    lines: ['upstreams[0].tls.ca_file: must be a file that is not empty, got "./empty"'],
  },
  {
    name: 'no status at all',
    text: pets('validation: { success_status: [] }'),
    lines: ['upstreams[0].validation.success_status: must have at least one status, got an empty list'],
  },
  {
    name: 'an unknown rate limit',
    text: `${pets('rate_limit: slwo')}rate_limits: { slow: { average: 1 } }`,
    lines: ['upstreams[0].rate_limit: must name an entry of rate_limits, got "slwo", did you mean "slow"?'],
  },
  {
    name: 'an unknown circuit breaker',
    text: pets('circuit_breaker: patient'),
    lines: ['upstreams[0].circuit_breaker: must name an entry of circuit_breakers, got "patient"'],
  },
  {
    name: 'a circuit breaker that is always open',
    text: `${pets('circuit_breaker: b')}circuit_breakers: { b: { threshold: 0 } }`,
    lines: ['circuit_breakers.b.threshold: must be above 0, got 0'],
  },
];

const credentials: readonly BadConfig[] = [
  {
    name: 'no such strategy',
    text: pets('outbound_auth: { strategy: digest }'),
    lines: [
      'upstreams[0].outbound_auth.strategy: must be none, bearer, api_key, basic or oauth2_client_credentials, got "digest"',
    ],
  },
  {
    name: 'a token without a strategy',
    text: pets('outbound_auth: { bearer: { token_env: T } }'),
    env: { T: 'hunter2' },
    lines: ['upstreams[0].outbound_auth.strategy: is required where bearer is given'],
  },
  {
    name: 'a strategy without its section',
    text: pets('outbound_auth: { strategy: bearer }'),
    lines: ['upstreams[0].outbound_auth.bearer: is required with strategy "bearer"'],
  },
  {
    name: 'a token from nowhere',
    text: pets('outbound_auth: { strategy: bearer, bearer: {} }'),
    lines: [
      'upstreams[0].outbound_auth.bearer: must have exactly one of token_env and token_file, got neither',
    ],
  },
  {
    name: 'a token from two places',
    text: pets('outbound_auth: { strategy: bearer, bearer: { token_env: T, token_file: ./present } }'),
    env: { T: 'hunter2' },
    lines: ['upstreams[0].outbound_auth.bearer: must have exactly one of token_env and token_file, got both'],
  },
  {
    name: 'a token in place of its section',
    text: pets('outbound_auth: { strategy: bearer, bearer: hunter2 }'),
    lines: ['upstreams[0].outbound_auth.bearer: must be a mapping of keys, got [redacted]'],
  },
  {
    name: 'a token in place of its variable',
    text: pets('outbound_auth: { strategy: bearer, bearer: { token_env: hunter2 } }'),
    lines: [
      'upstreams[0].outbound_auth.bearer.token_env: must name an environment variable that is set, got [redacted]',
    ],
  },
  {
    name: 'a token in place of its file',
    text: pets('outbound_auth: { strategy: bearer, bearer: { token_file: hunter2 } }'),
    lines: [
      'upstreams[0].outbound_auth.bearer.token_file: must be a file that can be read (no such file), got [redacted]',
    ],
  },
  {
    name: 'a token in place of its variable, of other characters',
    text: pets('outbound_auth: { strategy: bearer, bearer: { token_env: "hunter-2" } }'),
    lines: [
      'upstreams[0].outbound_auth.bearer.token_env: must be the name of an environment variable, got [redacted]',
    ],
  },
  {
    name: 'a token whose variable is not set',
    text: pets('outbound_auth: { strategy: bearer, bearer: { token_env: PETS_TOKEN } }'),
    lines: [
      'upstreams[0].outbound_auth.bearer.token_env: must name an environment variable that is set, got "PETS_TOKEN"',
    ],
  },
  {
    name: 'a token whose variable is empty',
    text: pets('outbound_auth: { strategy: bearer, bearer: { token_env: PETS_TOKEN } }'),
    env: { PETS_TOKEN: ' ' },
    lines: [
      'upstreams[0].outbound_auth.bearer.token_env: must name an environment variable that is not empty, got "PETS_TOKEN"',
    ],
  },
  {
    name: 'a token of two lines',
    text: pets('outbound_auth: { strategy: bearer, bearer: { token_env: PETS_TOKEN } }'),
    env: { PETS_TOKEN: 'hun\r\nter2' },
    lines: [
      'upstreams[0].outbound_auth.bearer.token_env: must name an environment variable without line breaks or control characters, got "PETS_TOKEN"',
    ],
  },
  {
    name: 'a token file that is missing',
    text: pets('outbound_auth: { strategy: bearer, bearer: { token_file: ./absent } }'),
    lines: [
      'upstreams[0].outbound_auth.bearer.token_file: must be a file that can be read (no such file), got "./absent"',
    ],
  },
  {
    name: 'a token file that is a directory',
    text: pets('outbound_auth: { strategy: bearer, bearer: { token_file: ./folder } }'),
    lines: [
      'upstreams[0].outbound_auth.bearer.token_file: must be a file that can be read (is a directory), got "./folder"',
    ],
  },
  {
    name: 'a token file of two lines',
    text: pets('outbound_auth: { strategy: bearer, bearer: { token_file: ./lines } }'),
    lines: [
      'upstreams[0].outbound_auth.bearer.token_file: must be a file without line breaks inside or control characters, got "./lines"',
    ],
  },
  {
    name: 'a key in two places',
    text: pets('outbound_auth: { strategy: api_key, api_key: { header: X-A, query: a, value_env: T } }'),
    env: { T: 'hunter2' },
    lines: ['upstreams[0].outbound_auth.api_key: must have one of header and query, got both'],
  },
  {
    name: 'a key in a header that is none',
    text: pets('outbound_auth: { strategy: api_key, api_key: { header: "X A", value_env: T } }'),
    env: { T: 'hunter2' },
    lines: ['upstreams[0].outbound_auth.api_key.header: must be a header name, got "X A"'],
  },
  {
    name: 'a key in a header of the connection',
    text: pets('outbound_auth: { strategy: api_key, api_key: { header: Host, value_env: T } }'),
    env: { T: 'hunter2' },
    lines: [
      'upstreams[0].outbound_auth.api_key.header: must be a header that the HTTP client does not set itself, got "Host"',
    ],
  },
  {
    name: 'a prefix of two lines',
    text: pets('outbound_auth: { strategy: api_key, api_key: { prefix: "a\\nb", value_env: T } }'),
    env: { T: 'hunter2' },
    lines: ['upstreams[0].outbound_auth.api_key.prefix: must have no line breaks or control characters'],
  },
  {
    name: 'half of a user',
    text: pets('outbound_auth: { strategy: basic, basic: { username_env: U } }'),
    env: { U: 'hunter2' },
    lines: [
      'upstreams[0].outbound_auth.basic: must have exactly one of password_env and password_file, got neither',
    ],
  },
  {
    name: 'a client without anything',
    text: pets('outbound_auth: { strategy: oauth2_client_credentials, oauth2_client_credentials: {} }'),
    lines: [
      'upstreams[0].outbound_auth.oauth2_client_credentials.token_url: is required',
      'upstreams[0].outbound_auth.oauth2_client_credentials.client_id: is required',
      'upstreams[0].outbound_auth.oauth2_client_credentials.client_secret: is required',
    ],
  },
  {
    name: 'a token endpoint that is no URL',
    text: pets(
      'outbound_auth: { strategy: oauth2_client_credentials, oauth2_client_credentials: { token_url: /token, client_id: a, client_secret: hunter2 } }',
    ),
    lines: [
      'upstreams[0].outbound_auth.oauth2_client_credentials.token_url: must be an absolute http(s) URL, got "/token"',
    ],
  },
  {
    name: 'a secret that is a number',
    text: pets(
      'outbound_auth: { strategy: oauth2_client_credentials, oauth2_client_credentials: { token_url: "https://a", client_id: a, client_secret: 12345 } }',
    ),
    lines: [
      'upstreams[0].outbound_auth.oauth2_client_credentials.client_secret: must be text, got [redacted]',
    ],
  },
  {
    name: 'a scheme without its section',
    text: pets('outbound_auth: { schemes: { Admin: { strategy: basic } } }'),
    lines: ['upstreams[0].outbound_auth.schemes.Admin.basic: is required with strategy "basic"'],
  },
  {
    name: 'schemes within schemes',
    text: pets('outbound_auth: { schemes: { Admin: { schemes: {} } } }'),
    lines: ['upstreams[0].outbound_auth.schemes.Admin.schemes: is not a known key'],
  },
];

const callers: readonly BadConfig[] = [
  {
    name: 'callers without a strategy',
    text: withPets('inbound_auth: { jwt: { issuer: "https://a", audience: b } }'),
    lines: ['inbound_auth.strategy: is required'],
  },
  {
    name: 'tokens without issuer and audience',
    text: withPets('inbound_auth: { strategy: jwt, jwt: {} }'),
    lines: ['inbound_auth.jwt.issuer: is required', 'inbound_auth.jwt.audience: is required'],
  },
  {
    name: 'tokens without a section',
    text: withPets('inbound_auth: { strategy: jwt }'),
    lines: ['inbound_auth.jwt: is required with strategy "jwt"'],
  },
  {
    name: 'an issuer that is no URL',
    text: withPets('inbound_auth: { strategy: jwt, jwt: { issuer: login.example.com, audience: b } }'),
    lines: ['inbound_auth.jwt.issuer: must be an absolute http(s) URL, got "login.example.com"'],
  },
  {
    name: 'unsigned tokens',
    text: withPets(
      'inbound_auth: { strategy: jwt, jwt: { issuer: "https://a", audience: b, algorithms: [none] } }',
    ),
    lines: [
      'inbound_auth.jwt.algorithms[0]: must be RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA or Ed25519, got "none"',
    ],
  },
  {
    name: 'tokens signed with a shared secret',
    text: withPets(
      'inbound_auth: { strategy: jwt, jwt: { issuer: "https://a", audience: b, algorithms: [RS256, HS256] } }',
    ),
    lines: [
      'inbound_auth.jwt.algorithms[1]: must be RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA or Ed25519, got "HS256"',
    ],
  },
  {
    name: 'tokens of no algorithm',
    text: withPets(
      'inbound_auth: { strategy: jwt, jwt: { issuer: "https://a", audience: b, algorithms: [] } }',
    ),
    lines: ['inbound_auth.jwt.algorithms: must have at least one algorithm, got an empty list'],
  },
  {
    name: 'a tolerance beyond reason',
    text: withPets(
      'inbound_auth: { strategy: jwt, jwt: { issuer: "https://a", audience: b, clock_tolerance: 1h } }',
    ),
    lines: ['inbound_auth.jwt.clock_tolerance: must be a duration from 0ms to 10m, got "1h"'],
  },
  {
    name: 'introspection by nobody',
    text: withPets('inbound_auth: { strategy: introspection, introspection: {} }'),
    lines: [
      'inbound_auth.introspection.issuer: is required where endpoint is not given',
      'inbound_auth.introspection.client_id: is required',
      'inbound_auth.introspection.client_secret: is required',
      'inbound_auth.introspection.audience: is required',
    ],
  },
  {
    name: 'keys of callers from nowhere',
    text: withPets('inbound_auth: { strategy: apikey }'),
    lines: [
      'inbound_auth.apikey.keys_env: must name an environment variable that is set, got "MCP_API_KEYS"',
    ],
  },
  {
    name: 'keys of callers from two places',
    text: withPets('inbound_auth: { strategy: apikey, apikey: { keys_env: KEYS, keys_file: ./present } }'),
    env: { KEYS: 'hunter2' },
    lines: ['inbound_auth.apikey: must have exactly one of keys_env and keys_file, got both'],
  },
  {
    name: 'keys of callers that are none',
    text: withPets('inbound_auth: { strategy: apikey, apikey: { keys_env: KEYS } }'),
    env: { KEYS: ' , ' },
    lines: ['inbound_auth.apikey.keys_env: must name an environment variable that holds at least one key'],
  },
  {
    name: 'a file of keys that is empty',
    text: `${upstreams(PETS)}groups: [{ name: g, endpoint: /mcp, upstreams: [pets], inbound_auth: { strategy: apikey, apikey: { keys_file: ./empty } } }]`,
    lines: ['groups[0].inbound_auth.apikey.keys_file: must be a file that is not empty, got "./empty"'],
  },
];

function groups(text: string): string {
  return `${upstreams(PETS, 'name: dogs, enabled: false, openapi: { source: a }')}groups:\n${text}`;
}

const groupRules: readonly BadConfig[] = [
  {
    name: 'no group',
    text: groups('  []'),
    lines: ['groups: must have at least one group, or be left out, got an empty list'],
  },
  {
    name: 'an unknown upstream',
    text: groups('  - { name: g, endpoint: /mcp, upstreams: [cats] }'),
    lines: ['groups[0].upstreams[0]: must name an upstream, got "cats"'],
  },
  {
    name: 'a disabled upstream',
    text: groups('  - { name: g, endpoint: /mcp, upstreams: [pets, dogs] }'),
    lines: ['groups[0].upstreams[1]: must name an enabled upstream, got "dogs"'],
  },
  {
    name: 'an upstream named twice',
    text: groups('  - { name: g, endpoint: /mcp, upstreams: [pets, pets] }'),
    lines: ['groups[0].upstreams[1]: must be named once, got "pets"'],
  },
  {
    name: 'a group of nothing',
    text: groups('  - { name: g, endpoint: /mcp, upstreams: [] }'),
    lines: ['groups[0].upstreams: must name at least one upstream, got an empty list'],
  },
  {
    name: 'two groups of one name',
    text: groups(
      '  - { name: g, endpoint: /a, upstreams: [pets] }\n  - { name: g, endpoint: /b, upstreams: [pets] }',
    ),
    lines: ['groups[1].name: must differ from the name of groups[0], got "g"'],
  },
  {
    name: 'two groups at one endpoint',
    text: groups(
      '  - { name: g, endpoint: /mcp, upstreams: [pets] }\n  - { name: h, endpoint: /mcp, upstreams: [pets] }',
    ),
    lines: ['groups[1].endpoint: must differ from the endpoint of groups[0], got "/mcp"'],
  },
  {
    name: 'an endpoint without its slash',
    text: groups('  - { name: g, endpoint: mcp, upstreams: [pets] }'),
    lines: [
      'groups[0].endpoint: must be a path such as /mcp, with a slash at the start and none at the end, got "mcp"',
    ],
  },
  {
    name: 'an endpoint with a slash too many',
    text: groups('  - { name: g, endpoint: /mcp/, upstreams: [pets] }'),
    lines: [
      'groups[0].endpoint: must be a path such as /mcp, with a slash at the start and none at the end, got "/mcp/"',
    ],
  },
  {
    name: 'an endpoint with a query',
    text: groups('  - { name: g, endpoint: "/mcp?a", upstreams: [pets] }'),
    lines: [
      'groups[0].endpoint: must be a path such as /mcp, with a slash at the start and none at the end, got "/mcp?a"',
    ],
  },
  {
    name: 'an endpoint that goes up',
    text: groups('  - { name: g, endpoint: /a/../mcp, upstreams: [pets] }'),
    lines: ['groups[0].endpoint: must have no "." and ".." between slashes, got "/a/../mcp"'],
  },
  {
    name: 'an endpoint of the well-known',
    text: groups('  - { name: g, endpoint: /.well-known/mcp, upstreams: [pets] }'),
    lines: ['groups[0].endpoint: must not be below /.well-known, got "/.well-known/mcp"'],
  },
  {
    name: 'the endpoint of health',
    use: 'sidecar',
    text: groups('  - { name: g, endpoint: /healthz, upstreams: [pets] }'),
    lines: [
      'groups[0].endpoint: must not be a path of the sidecar\'s own (health, metrics, status), got "/healthz"',
    ],
  },
  {
    name: 'the endpoint of metrics',
    use: 'sidecar',
    text: `server: { metrics_path: /mcp }\n${groups('  - { name: g, endpoint: /mcp, upstreams: [pets] }')}`,
    lines: [
      'groups[0].endpoint: must not be a path of the sidecar\'s own (health, metrics, status), got "/mcp"',
    ],
  },
  {
    name: 'the endpoint of reload',
    use: 'sidecar',
    text: groups('  - { name: g, endpoint: /-/reload, upstreams: [pets] }'),
    lines: [
      'groups[0].endpoint: must not be a path of the sidecar\'s own (health, metrics, status), got "/-/reload"',
    ],
  },
  {
    name: 'a filter that is no query',
    text: groups('  - { name: g, endpoint: /mcp, upstreams: [pets], filter: "paths.*" }'),
    lines: ['groups[0].filter: must be a JSONPath query (RFC 9535): must start with $, got "paths.*"'],
  },
  {
    name: 'a filter from a variable that is no query',
    text: groups('  - { name: g, endpoint: /mcp, upstreams: [pets], filter: "${FILTER}" }'),
    env: { FILTER: 'hunter2' },
    lines: ['groups[0].filter: must be a JSONPath query (RFC 9535), got a value from ${FILTER}'],
  },
];

const others: readonly BadConfig[] = [
  {
    name: 'metrics at the place of health',
    use: 'sidecar',
    text: withPets('server: { metrics_path: /readyz }'),
    lines: ['server.metrics_path: must differ from /healthz and /readyz, got "/readyz"'],
  },
  {
    name: 'metrics at no path',
    text: withPets('server: { metrics_path: metrics }'),
    lines: [
      'server.metrics_path: must be a path such as /metrics, without a slash at the end, got "metrics"',
    ],
  },
  {
    name: 'one port for two listeners',
    use: 'sidecar',
    text: withPets('server: { port: 9090, admin_port: 9090 }'),
    lines: ['server.admin_port: must differ from port, or be left out, got 9090'],
  },
  {
    name: 'an admin host without a port',
    use: 'sidecar',
    text: withPets('server: { admin_host: 127.0.0.1 }'),
    lines: ['server.admin_host: would do nothing without admin_port'],
  },
  {
    name: 'reloads on no listener',
    use: 'sidecar',
    text: withPets('server: { admin_reload: true }'),
    lines: ['server.admin_reload: needs admin_port'],
  },
  {
    name: 'a gate that lets everything through',
    text: withPets('reload: { max_tool_removal: 100% }'),
    lines: ['reload.max_tool_removal: would do nothing: no change removes more than 100%'],
  },
  {
    name: 'a ttl of refreshes that never come',
    text: withPets('tools: { list_ttl: refresh }'),
    lines: ['tools.list_ttl: must be a duration: no enabled upstream has refresh_interval'],
  },
  {
    name: 'a suffix longer than what it ends',
    text: withPets('naming: { description_max_length: 3 }'),
    lines: [
      'naming.description_truncation_suffix: must be shorter than description_max_length (3), got "..."',
    ],
  },
];

export const badConfigs: readonly BadConfig[] = [
  ...texts,
  ...keys,
  ...variables,
  ...upstreamRules,
  ...credentials,
  ...callers,
  ...groupRules,
  ...others,
];
