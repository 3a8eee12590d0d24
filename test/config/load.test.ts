// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of config files are written like this.
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { CallerKeys } from '../../lib/config/callerKeys.js';
import type { LoadedConfig } from '../../lib/config/config.js';
import { loadConfig, loadConfigText } from '../../lib/config/load.js';
import { ConfigError } from '../../lib/errors.js';
import { TemporaryDirectory } from '../support/temporaryDirectory.js';

const PETS = { name: 'pets', openapi: { source: './pets.yaml' } };

function directoryWith(files: Readonly<Record<string, string>>): TemporaryDirectory {
  const directory = new TemporaryDirectory(files);
  onTestFinished(() => directory[Symbol.dispose]());
  return directory;
}

function loadObject(config: object, env: Record<string, string> = {}): Promise<LoadedConfig> {
  return loadConfig(config, { directory: '/etc/mcp', env });
}

async function errorOf(loading: Promise<LoadedConfig>): Promise<ConfigError> {
  const outcome = await loading.catch((error: unknown) => error);
  if (outcome instanceof ConfigError) return outcome;
  throw outcome instanceof Error ? outcome : new Error('the config was accepted');
}

describe('defaults', () => {
  test('everything but upstreams has one', async () => {
    const { config, file, files, warnings } = await loadConfig(
      { upstreams: [PETS] },
      { directory: '/etc/mcp', env: {}, use: 'sidecar' },
    );
    expect(config).toEqual({
      server: {
        host: '0.0.0.0',
        port: 8080,
        read_timeout: 30_000,
        write_timeout: 60_000,
        shutdown_timeout: 10_000,
        shutdown_delay: 0,
        max_request_body: 4 * 1024 * 1024,
        startup_validation_timeout: 30_000,
        allowed_hosts: [],
        allowed_origins: [],
        metrics_path: '/metrics',
        admin_port: null,
        admin_host: '0.0.0.0',
        admin_reload: false,
        max_concurrent_requests: 0,
        max_streams_per_address: 100,
      },
      reload: { debounce: 100, poll_interval: 2_000, drain_timeout: 300_000, max_tool_removal: null },
      naming: {
        separator: '__',
        max_length: 64,
        conflict_resolution: 'error',
        description_max_length: 1024,
        description_truncation_suffix: '...',
      },
      tools: { page_size: 0, output_schema: false, schema_profile: 'portable', list_ttl: null },
      upstreams: [
        {
          name: 'pets',
          type: 'http',
          enabled: true,
          tool_prefix: 'pets',
          base_url: null,
          timeout: 10_000,
          max_response_body: 10 * 1024 * 1024,
          headers: {},
          max_connections: 64,
          tls: {
            insecure_skip_verify: false,
            ca_file: null,
            cert_file: null,
            key_file: null,
            server_name: null,
          },
          openapi: {
            source: '/etc/mcp/pets.yaml',
            auth_header: '',
            refresh_interval: null,
            max_refresh_failures: 0,
            allow_external_refs: false,
            max_size: 64 * 1024 * 1024,
          },
          overlay: [],
          outbound_auth: { strategy: 'none', schemes: {} },
          validation: { validate_request: true, success_status: ['2xx'] },
          rate_limit: null,
          circuit_breaker: null,
          inbound_auth: null,
        },
      ],
      groups: [{ name: 'default', endpoint: '/mcp', upstreams: ['pets'], filter: null, inbound_auth: null }],
      inbound_auth: { strategy: 'none' },
      rate_limits: {},
      rate_limit_store: { redis_url: null, prefix: 'mcp_anything' },
      circuit_breakers: {},
      egress: { allow_private_spec_servers: false },
    });
    expect({ file, files, warnings }).toEqual({ file: null, files: [], warnings: [] });
  });

  test('empty sections mean every default', async () => {
    const sections =
      'server:\nreload:\nnaming:\ntools:\ngroups:\ninbound_auth:\nrate_limits:\nrate_limit_store:\ncircuit_breakers:\negress:\n';
    const upstream =
      'upstreams:\n- name: pets\n  headers:\n  tls:\n  overlay:\n  outbound_auth:\n  validation:\n  inbound_auth:\n  openapi:\n    source: ./pets.yaml\n';
    const options = { directory: '/etc/mcp', env: {} };
    const { config } = await loadConfigText(sections + upstream, options);
    expect(config).toEqual((await loadObject({ upstreams: [PETS] })).config);
  });

  test('the default group leaves disabled upstreams out', async () => {
    const off = { ...PETS, name: 'dogs', enabled: false };
    const { config } = await loadObject({ upstreams: [PETS, off] });
    expect(config.groups.map((group) => group.upstreams)).toEqual([['pets']]);
  });

  test('defaults that depend on other keys', async () => {
    const { config } = await loadConfig(
      {
        server: { host: '127.0.0.1', admin_port: 9090 },
        upstreams: [
          {
            ...PETS,
            tool_prefix: '',
            rate_limit: 'slow',
            outbound_auth: { strategy: 'api_key', api_key: { value_env: 'KEY' } },
            inbound_auth: { strategy: 'apikey' },
          },
          {
            ...PETS,
            name: 'dogs',
            outbound_auth: { strategy: 'api_key', api_key: { query: 'key', value_env: 'KEY' } },
          },
        ],
        rate_limits: { slow: { average: 7 } },
      },
      { env: { KEY: 'k', MCP_API_KEYS: 'a' }, use: 'sidecar' },
    );
    expect(config.server.admin_host).toBe('127.0.0.1');
    expect(config.upstreams.map((upstream) => upstream.tool_prefix)).toEqual(['', 'dogs']);
    expect(config.rate_limits['slow']).toEqual({ average: 7, period: 60_000, burst: 7, source: 'user' });
    expect(config.upstreams.map((upstream) => upstream.outbound_auth)).toMatchObject([
      { api_key: { header: 'X-API-Key', query: null } },
      { api_key: { header: null, query: 'key' } },
    ]);
    expect(config.upstreams[0]?.inbound_auth).toEqual({
      strategy: 'apikey',
      apikey: {
        header: 'X-API-Key',
        keys_env: 'MCP_API_KEYS',
        keys_file: null,
        keys: expect.any(CallerKeys),
      },
    });
  });

  test('loading twice gives equal configs that share nothing that could be changed', async () => {
    const [one, other] = [await loadObject({ upstreams: [PETS] }), await loadObject({ upstreams: [PETS] })];
    expect(one).toEqual(other);
    expect(one.config.upstreams).not.toBe(other.config.upstreams);
  });
});

describe('variables', () => {
  const env = { NAME: 'dogs', PORT: '9000', FLAG: 'true', EMPTY: '', NESTED: '${NAME}' };

  test('are expanded in values of every kind, once, and never in keys', async () => {
    const { config } = await loadConfig(
      {
        server: { port: '${PORT}' },
        tools: { output_schema: '${FLAG}', page_size: '${SIZE:-50}' },
        upstreams: [
          {
            name: '${NAME}',
            timeout: '${TIMEOUT:-7s}',
            openapi: { source: '/specs/${NAME}/${NAME}.yaml' },
            headers: {
              'X-Nested': '${NESTED}',
              'X-Escaped': 'a$${NAME}b',
              'X-Dollar': '$5',
              'X-Empty': '${EMPTY}',
            },
          },
          {
            ...PETS,
            headers: {
              'X-Empty': '${EMPTY:-full}',
              'X-Default': '${ABSENT:-a b:c}',
              'X-Nothing': '${ABSENT:-}',
            },
          },
        ],
      },
      { env, use: 'sidecar' },
    );
    expect(config.server.port).toBe(9000);
    expect(config.tools).toMatchObject({ output_schema: true, page_size: 50 });
    expect(config.upstreams[0]).toMatchObject({
      name: 'dogs',
      timeout: 7_000,
      openapi: { source: '/specs/dogs/dogs.yaml' },
      headers: { 'X-Nested': '${NAME}', 'X-Escaped': 'a${NAME}b', 'X-Dollar': '$5', 'X-Empty': '' },
    });
    expect(config.upstreams[1]?.headers).toEqual({
      'X-Empty': 'full',
      'X-Default': 'a b:c',
      'X-Nothing': '',
    });
  });

  test('what every object inherits is no variable', async () => {
    const error = await errorOf(loadObject({ upstreams: [{ ...PETS, base_url: '${constructor}' }] }));
    expect(error.problems).toEqual([
      'upstreams[0].base_url: needs the environment variable constructor, which is not set and has no default',
    ]);
  });

  test('of disabled upstreams need not be set for credentials', async () => {
    const off = {
      ...PETS,
      enabled: false,
      tls: { ca_file: './absent' },
      outbound_auth: { strategy: 'bearer', bearer: { token_env: 'ABSENT' } },
      inbound_auth: { strategy: 'apikey', apikey: { keys_file: './absent' } },
    };
    const { files } = await loadObject({ upstreams: [off] });
    expect(files).toEqual([]);
  });
});

describe('config objects', () => {
  test('are left as they were', async () => {
    const config = { upstreams: [{ ...PETS, base_url: '${URL}', timeout: '1s' }] };
    const before = structuredClone(config);
    await loadObject(config, { URL: 'https://a' });
    expect(config).toEqual(before);
    expect(Object.isFrozen(config.upstreams)).toBe(false);
  });

  test('may have keys that are undefined', async () => {
    const { config } = await loadObject({ server: undefined, upstreams: [{ ...PETS, timeout: undefined }] });
    expect(config.upstreams[0]?.timeout).toBe(10_000);
  });

  const circle: Record<string, unknown> = {};
  circle['server'] = circle;
  test.each<[string, object, string]>([
    ['a function', { upstreams: () => [] }, 'upstreams: must be plain data, got function'],
    ['a class instance', { upstreams: new Map() }, 'upstreams: must be plain data, got a class instance'],
    ['a date', { server: { port: new Date() } }, 'server.port: must be plain data, got a class instance'],
    ['a symbol', { server: { port: Symbol('a') } }, 'server.port: must be plain data, got symbol'],
    ['a circle', circle, 'server: is nested deeper than 100 levels'],
    ['a list', [PETS], 'config: must be a mapping of keys, got a list'],
    [
      'a prototype',
      JSON.parse('{"server": {"__proto__": {"port": 1}}}') as object,
      'server: has the key "__proto__", which is not allowed',
    ],
  ])('with %s are refused', async (_name, config, problem) => {
    const error = await errorOf(loadObject(config));
    expect(error.problems).toEqual([problem]);
  });
});

describe('files', () => {
  test('a config file names others relative to itself, and gets every one of them listed once', async () => {
    const directory = directoryWith({
      'etc/mcp.yaml': [
        'upstreams:',
        '  - name: pets',
        '    openapi: { source: ../specs/pets.yaml }',
        '    overlay: [{ source: overlays/a.yaml }, { source: "https://a.example.com/b.yaml" }]',
        '    tls: { ca_file: ca.pem, cert_file: client.pem, key_file: client.pem }',
        '    outbound_auth: { strategy: bearer, bearer: { token_file: /SECRETS/token } }',
        'inbound_auth: { strategy: apikey, apikey: { keys_file: keys } }',
      ].join('\n'),
      'etc/ca.pem': 'ca',
      'etc/client.pem': 'client',
      'etc/keys': 'one\ntwo\n',
      'secrets/token': 'token\n',
    });
    const file = directory.write(
      'etc/mcp.yaml',
      readFileSync(join(directory.path, 'etc/mcp.yaml'), 'utf8').replace(
        '/SECRETS',
        join(directory.path, 'secrets'),
      ),
    );
    const { config, ...loaded } = await loadConfig(file, { env: {} });
    expect(config.upstreams[0]).toMatchObject({
      openapi: { source: join(directory.path, 'specs/pets.yaml') },
      overlay: [
        { source: join(directory.path, 'etc/overlays/a.yaml') },
        { source: 'https://a.example.com/b.yaml' },
      ],
      tls: { ca_file: join(directory.path, 'etc/ca.pem') },
    });
    expect(loaded.file).toBe(file);
    expect(loaded.files).toEqual([
      file,
      ...['etc/ca.pem', 'etc/client.pem', 'secrets/token', 'etc/keys'].map((name) =>
        join(directory.path, name),
      ),
    ]);
  });

  test('a JSON file is as good', async () => {
    const directory = directoryWith({ 'mcp.json': JSON.stringify({ upstreams: [PETS] }) });
    const { config } = await loadConfig(join(directory.path, 'mcp.json'), { env: {} });
    expect(config.upstreams[0]?.openapi.source).toBe(join(directory.path, 'pets.yaml'));
  });

  test.each<[string, (directory: string) => string, string]>([
    ['a missing file', (directory) => join(directory, 'absent.yaml'), 'cannot be read (no such file)'],
    ['a directory', (directory) => directory, 'cannot be read (is a directory)'],
    ['a file below a file', (directory) => join(directory, 'mcp.yaml/x'), 'cannot be read (no such file)'],
    ['a file in another encoding', (directory) => join(directory, 'latin1.yaml'), 'is not UTF-8 text'],
  ])('%s is named as it was asked for', async (_name, pathIn, problem) => {
    const directory = directoryWith({ 'mcp.yaml': '' });
    const { writeFile } = await import('node:fs/promises');
    await writeFile(join(directory.path, 'latin1.yaml'), Buffer.from([0x61, 0x3a, 0x20, 0xe4]));
    const path = pathIn(directory.path);
    const error = await errorOf(loadConfig(path, { env: {} }));
    expect(error.problems).toEqual([`${path}: ${problem}`]);
    expect(error.files).toEqual([path]);
  });

  test('everything is read through the reader that was given', async () => {
    const texts = new Map([
      ['/virtual/mcp.yaml', 'upstreams: [{ name: pets, openapi: { source: a }, tls: { ca_file: ca.pem } }]'],
      ['/virtual/ca.pem', 'ca'],
    ]);
    const asked: string[] = [];
    const loaded = await loadConfig('/virtual/mcp.yaml', {
      env: {},
      readFile: async (path) => {
        asked.push(path);
        return Buffer.from(texts.get(path) ?? '');
      },
    });
    expect(asked).toEqual(['/virtual/mcp.yaml', '/virtual/ca.pem']);
    expect(loaded.files).toEqual(asked);
  });

  test('a refused config still tells which files may mend it', async () => {
    const directory = directoryWith({
      'mcp.yaml':
        'upstreams: [{ name: pets, timeout: soon, openapi: { source: a }, tls: { ca_file: absent } }]',
    });
    const file = join(directory.path, 'mcp.yaml');
    const error = await errorOf(loadConfig(file, { env: {} }));
    expect(error.problems).toHaveLength(2);
    expect(error.files).toEqual([file, join(directory.path, 'absent')]);
  });

  test('a reason that quotes the file is not passed on', async () => {
    const reader = () => Promise.reject(new Error('unexpected hunter2'));
    const error = await errorOf(loadConfig('/mcp.yaml', { env: {}, readFile: reader }));
    expect(error.problems).toEqual(['/mcp.yaml: cannot be read (read error)']);
  });
});

describe('the result', () => {
  test('is frozen all the way down', async () => {
    const { env, readFile: reader, file } = complete();
    const loaded = await loadConfig(file, { env, use: 'sidecar', readFile: reader });
    const walk = (value: unknown): number => {
      if (typeof value !== 'object' || value === null) return 0;
      expect(Object.isFrozen(value)).toBe(true);
      return Object.values(value).reduce((count: number, member) => count + walk(member), 1);
    };
    expect(walk(loaded)).toBeGreaterThan(50);
  });

  test('of the complete example has no warnings', async () => {
    const { env, readFile: reader, file } = complete();
    expect((await loadConfig(file, { env, use: 'sidecar', readFile: reader })).warnings).toEqual([]);
  });
});

function complete() {
  const file = resolve(import.meta.dirname, '../fixtures/config/complete.yaml');
  return {
    file,
    env: {
      DOCS_TOKEN: 'd',
      PETS_TOKEN: 't',
      PETS_KEY: 'k',
      ID: 'i',
      SECRET: 's',
      U: 'u',
      P: 'p',
      MCP_API_KEYS: 'a,b',
    },
    // The files that it names need not exist for the test.
    readFile: (path: string) => (path === file ? readFile(path) : Promise.resolve(Buffer.from('secret'))),
  };
}

describe('the digest', () => {
  const text =
    'upstreams:\n  - name: pets\n    timeout: 90s\n    openapi: { source: a }\n    headers: { X-A: a, X-B: b }\n';
  const digestOf = async (config: string, env: Record<string, string> = {}) =>
    (await loadConfigText(config, { directory: '/etc/mcp', env })).digest;

  test('is a SHA-256', async () => {
    expect(await digestOf(text)).toMatch(/^[0-9a-f]{64}$/);
  });

  test.each([
    ['comments', `# hello\n${text}# bye\n`],
    ['the order of keys', text.replace('X-A: a, X-B: b', 'X-B: b, X-A: a')],
    ['another notation of the same value', text.replace('90s', '"1m30s"')],
    ['a default that is written out', `server: { port: 8080 }\n${text}`],
    ['a variable that holds the same', text.replace('90s', '${T:-90s}')],
    [
      'JSON',
      JSON.stringify({
        upstreams: [
          { headers: { 'X-B': 'b', 'X-A': 'a' }, openapi: { source: 'a' }, timeout: '90s', name: 'pets' },
        ],
      }),
    ],
  ])('does not change with %s', async (_name, other) => {
    expect(await digestOf(other)).toBe(await digestOf(text));
  });

  test.each([
    ['a value', text.replace('90s', '91s')],
    ['a header', text.replace('X-A: a', 'X-A: c')],
    ['a new section', `${text}reload: { debounce: 1s }\n`],
    ['the order of upstreams', `${text}  - { name: dogs, openapi: { source: a } }\n`],
  ])('changes with %s', async (_name, other) => {
    expect(await digestOf(other)).not.toBe(await digestOf(text));
  });

  test('changes with a variable, whether it is expanded or only named', async () => {
    const expanded = text.replace('90s', '${T}');
    expect(await digestOf(expanded, { T: '1s' })).not.toBe(await digestOf(expanded, { T: '2s' }));
    const named = `${text}    outbound_auth: { strategy: bearer, bearer: { token_env: TOKEN } }\n`;
    expect(await digestOf(named, { TOKEN: 'a' })).not.toBe(await digestOf(named, { TOKEN: 'b' }));
    expect(await digestOf(named, { TOKEN: 'a', OTHER: '1' })).toBe(
      await digestOf(named, { TOKEN: 'a', OTHER: '2' }),
    );
  });

  test('changes with any byte of a file that the config names', async () => {
    const file = '/virtual/mcp.yaml';
    const config = `${text}    tls: { ca_file: ca.pem, cert_file: a.pem, key_file: b.pem }\n    outbound_auth: { strategy: bearer, bearer: { token_file: token } }\ninbound_auth: { strategy: apikey, apikey: { keys_file: keys } }\n`;
    const digestWith = async (changed: string | null) =>
      (
        await loadConfig(file, {
          env: {},
          readFile: (path) =>
            Promise.resolve(Buffer.from(path === file ? config : path === changed ? 'b' : 'a')),
        })
      ).digest;
    const names = ['ca.pem', 'a.pem', 'b.pem', 'token', 'keys'].map((name) => join(dirname(file), name));
    const digests = await Promise.all([null, ...names].map(digestWith));
    expect(new Set(digests).size).toBe(names.length + 1);
    expect(await digestWith(null)).toBe(digests[0]);
  });
});

describe('warnings', () => {
  test('name what the middleware ignores, and it is ignored', async () => {
    const server = { port: 1, host: 'a', read_timeout: '1s', max_request_body: '1KB', allowed_hosts: ['a'] };
    const config = { upstreams: [PETS], server };
    const loaded = await loadConfig(config, { env: {}, directory: '/etc/mcp' });
    expect(loaded.warnings).toEqual([
      'server.port: is ignored in middleware use, where the host application listens',
      'server.host: is ignored in middleware use, where the host application listens',
      'server.read_timeout: is ignored in middleware use, where the host application listens',
    ]);
    expect(loaded.config.server).toMatchObject({
      port: 8080,
      host: '0.0.0.0',
      read_timeout: 30_000,
      max_request_body: 1024,
      allowed_hosts: ['a'],
    });
    const other = await loadConfig(
      { ...config, server: { ...server, port: 2 } },
      { env: {}, directory: '/etc/mcp' },
    );
    expect(other.digest).toBe(loaded.digest);
    const sidecar = await loadConfig(config, { env: {}, use: 'sidecar' });
    expect(sidecar.warnings).toEqual([]);
    expect(sidecar.config.server.port).toBe(1);
  });

  test.each<[string, object, string[]]>([
    [
      'a section of another strategy',
      { upstreams: [{ ...PETS, outbound_auth: { strategy: 'none', bearer: { token_env: 'ABSENT' } } }] },
      ['upstreams[0].outbound_auth.bearer: is not used with strategy "none"'],
    ],
    [
      'callers whose section is not used',
      { upstreams: [PETS], inbound_auth: { strategy: 'none', jwt: {} } },
      ['inbound_auth.jwt: is not used with strategy "none"'],
    ],
    [
      'any certificate',
      { upstreams: [{ ...PETS, tls: { insecure_skip_verify: true } }] },
      [
        'upstreams[0].tls.insecure_skip_verify: accepts any certificate: whoever is in between can read and change calls',
      ],
    ],
    [
      'policies that nobody names',
      { upstreams: [PETS], rate_limits: { slow: { average: 1 } }, circuit_breakers: { b: {} } },
      ['rate_limits.slow: is named by no upstream', 'circuit_breakers.b: is named by no upstream'],
    ],
    [
      'a filter that no operation passes',
      {
        upstreams: [PETS],
        groups: [{ name: 'g', endpoint: '/mcp', upstreams: ['pets'], filter: '$.paths.*' }],
      },
      ['groups[0].filter: selects no operation in any document, got "$.paths.*"'],
    ],
    ['no upstream', { upstreams: [] }, ['upstreams: has no enabled upstream: there are no tools to offer']],
  ])('name %s', async (_name, config, warnings) => {
    expect((await loadObject(config)).warnings).toEqual(warnings);
  });
});

test('in the sidecar an endpoint may be a path of its own pages when those have a port of their own', async () => {
  const groups = [{ name: 'g', endpoint: '/metrics', upstreams: ['pets'] }];
  const config = { server: { admin_port: 9090 }, upstreams: [PETS], groups };
  const { config: loaded } = await loadConfig(config, { env: {}, use: 'sidecar' });
  expect(loaded.groups[0]?.endpoint).toBe('/metrics');
});
