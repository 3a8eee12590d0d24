import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { HttpServer } from '../support/httpServer.js';
import { type Exit, runCommand } from '../support/sidecarProcess.js';
import { TemporaryDirectory } from '../support/temporaryDirectory.js';

const document = JSON.stringify({
  openapi: '3.0.3',
  info: { title: 'Notes', version: '1.0.0' },
  servers: [{ url: 'https://notes.example' }],
  paths: {
    '/notes/{id}': {
      parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'integer' } }],
      get: {
        operationId: 'readNote',
        summary: 'Reads a note.',
        description: 'All of it.',
        responses: { 200: { description: 'Done.' } },
      },
      delete: {
        operationId: 'dropNote',
        summary: 'Drops a note.',
        responses: { 200: { description: 'Done.' } },
      },
    },
  },
});

let directory: TemporaryDirectory;
let api: HttpServer;

beforeAll(async () => {
  api = await HttpServer.start((request, response) => {
    response.setHeader('Content-Type', 'application/json');
    if (request.url === '/notes/404') response.writeHead(404).end('{"error":"no such note"}');
    else response.end(`{"method":"${request.method}","url":"${request.url}"}`);
  });
  directory = new TemporaryDirectory({
    'notes.json': document,
    'mcp.yaml': `
upstreams:
  - { name: notes, type: http, base_url: "${api.url}", openapi: { source: ./notes.json } }
groups:
  - { name: all, endpoint: /mcp, upstreams: [notes] }
  - { name: readonly, endpoint: /mcp/readonly, upstreams: [notes], filter: "$.paths.*.get" }
`,
  });
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  directory[Symbol.dispose]();
});

function run(...args: readonly string[]): Promise<Exit> {
  return runCommand(args, { cwd: directory.path });
}

describe('validate', () => {
  test('says in one line what a valid config serves', async () => {
    expect(await run('validate', 'mcp.yaml')).toMatchObject({
      code: 0,
      stdout: 'mcp.yaml is valid: /mcp with 2 tools, /mcp/readonly with 1 tool\n',
      stderr: '',
    });
  });

  test('gives advice on a document that works and is not valid OpenAPI', async () => {
    directory.write(
      'sloppy.yaml',
      'upstreams: [{ name: sloppy, type: http, openapi: { source: ./sloppy.json } }]',
    );
    directory.write(
      'sloppy.json',
      JSON.stringify({
        openapi: '3.0.3',
        info: { title: 'Sloppy', version: '1' },
        servers: [{ url: 'http://127.0.0.1:1' }],
        paths: { '/a': { get: { operationId: 'a', responses: {} } } },
      }),
    );
    expect(await run('validate', 'sloppy.yaml')).toMatchObject({
      code: 0,
      stderr: 'advice: upstream "sloppy": #/paths/~1a/get/responses must NOT have fewer than 1 properties\n',
    });
  });

  test('shows warnings, and still succeeds', async () => {
    directory.write(
      'warned.yaml',
      `
upstreams:
  - name: notes
    type: http
    openapi: { source: ./notes.json }
    overlay: { source: ./overlay.yaml }
`,
    );
    directory.write(
      'overlay.yaml',
      `
overlay: 1.0.0
info: { title: None, version: 1.0.0 }
actions: [{ target: "$.paths['/nowhere']", remove: true }]
`,
    );
    const { code, stdout, stderr } = await run('validate', 'warned.yaml');
    expect(stderr).toMatch(/^warning: .*nowhere.*\n$/);
    expect(stdout).toBe('warned.yaml is valid: /mcp with 2 tools\n');
    expect(code).toBe(0);
  });
});

describe.concurrent('tools', { timeout: 60_000 }, () => {
  test('lists name, operation and first line for every group', async () => {
    expect(await run('tools', '--config', 'mcp.yaml')).toMatchObject({
      code: 0,
      stdout: `/mcp (group all, 2)
  notes__dropNote  DELETE /notes/{id}  Drops a note.
  notes__readNote  GET /notes/{id}     Reads a note.

/mcp/readonly (group readonly, 1)
  notes__readNote  GET /notes/{id}  Reads a note.
`,
    });
  });

  test('gives schemas as JSON, for one group', async () => {
    const { code, stdout } = await run('tools', '--config', 'mcp.yaml', '--group', 'readonly', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject([
      {
        name: 'readonly',
        endpoint: '/mcp/readonly',
        tools: [
          {
            name: 'notes__readNote',
            operation: 'GET /notes/{id}',
            inputSchema: { type: 'object', required: ['id'] },
            annotations: { readOnlyHint: true },
          },
        ],
      },
    ]);
  });

  test('names the groups there are when asked for another', async () => {
    expect(await run('tools', '--config', 'mcp.yaml', '--group', 'al')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'there is no group "al"; the config has "all", "readonly"\n',
    });
  });
});

describe.concurrent('call', { timeout: 60_000 }, () => {
  test('prints what an agent would get', async () => {
    expect(await run('call', '--config', 'mcp.yaml', 'notes__readNote', '{"id": 7}')).toMatchObject({
      code: 0,
      stdout: '{"method":"GET","url":"/notes/7"}\n',
      stderr: '',
    });
  });

  test('prints the whole result with --json', async () => {
    const { stdout } = await run('call', '--config', 'mcp.yaml', '--json', 'notes__dropNote', '{"id": 7}');
    expect(JSON.parse(stdout)).toMatchObject({ structuredContent: { method: 'DELETE', url: '/notes/7' } });
  });

  test.each([
    ['the API refuses', '{"id": 404}', /404/],
    ['an argument is missing', '{}', /id/],
  ])('exits 1 when %s', async (_case, text, output) => {
    const { code, stdout, stderr } = await run('call', '--config', 'mcp.yaml', 'notes__readNote', text);
    expect(stdout).toMatch(output);
    expect(stderr).toBe('');
    expect(code).toBe(1);
  });

  test.each([
    [
      'a tool that is not there',
      ['notes__none', '{}'],
      'there is no tool "notes__none"; `mcp-anything tools --config mcp.yaml` lists them\n',
    ],
    [
      'a tool of another group',
      ['--group', 'readonly', 'notes__dropNote'],
      'there is no tool "notes__dropNote"; `mcp-anything tools --config mcp.yaml` lists them\n',
    ],
    ['arguments that are not JSON', ['notes__readNote', '{id: 7}'], 'the arguments are not JSON: {id: 7}\n'],
    [
      'arguments that are no object',
      ['notes__readNote', '[7]'],
      'the arguments must be a JSON object, got [7]\n',
    ],
  ])('refuses %s in one line', async (_case, args, line) => {
    expect(await run('call', '--config', 'mcp.yaml', ...args)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: line,
    });
  });
});

describe.concurrent('the command line', { timeout: 60_000 }, () => {
  test('tells its version', async () => {
    expect(await run('--version')).toMatchObject({ code: 0, stdout: `${manifest.version}\n`, stderr: '' });
  });

  test('shows the commands with --help', async () => {
    const { code, stdout } = await run('--help');
    expect(code).toBe(0);
    for (const command of ['serve', 'validate', 'tools', 'call', 'stdio', 'demo'])
      expect(stdout).toContain(command);
  });

  test.each([
    ['an unknown option', ['serve', '--config', 'mcp.yaml', '--prot', '1'], /--prot.*--port/],
    ['an unknown command', ['sreve'], /sreve.*serve/],
    ['a missing config', ['serve'], /--config/],
    ['a port that is none', ['serve', '--config', 'mcp.yaml', '--port', '70000'], /--port.*65535/],
    ['an unknown log level', ['serve', '--config', 'mcp.yaml', '--log-level', 'loud'], /loud.*debug/],
    ['an argument too many', ['validate', 'mcp.yaml', 'other.yaml'], /validate/],
    ['a config that is not there', ['serve', '--config', 'none.yaml'], /none\.yaml/],
    ['a config that is a directory', ['validate', '.'], /directory|EISDIR/],
  ])('answers %s with one line and exit code 1', async (_case, args, line) => {
    const { code, stdout, stderr } = await run(...args);
    expect(stderr).toMatch(/^[^\n]+\n$/);
    expect(stderr).toMatch(line);
    expect(stdout).toBe('');
    expect(code).toBe(1);
  });
});
