import { execFile, spawn } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { HttpServer } from '../support/httpServer.js';
import { connectClient, toolNames } from '../support/mcpClient.js';
import { runCommand, SidecarProcess } from '../support/sidecarProcess.js';
import { smallDocument } from '../support/smallDocument.js';
import { TemporaryDirectory } from '../support/temporaryDirectory.js';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const scripts: Readonly<Record<string, string>> = manifest.scripts;

function blocks(language: string): readonly string[] {
  const fence = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm');
  return [...readme.matchAll(fence)].map(([, text = '']) => text);
}

const commands = blocks('sh').flatMap((block) => block.trim().split('\n'));

let demo: SidecarProcess;
let demoUrl: string;
let specs: HttpServer;
/** Holds the README's config as `mcp.yaml`, with the files that it names. */
let directory: TemporaryDirectory;

beforeAll(async () => {
  demo = new SidecarProcess(['demo', '--port', '0']);
  const [, url] = await demo.printed(/^ {2}(http\S+)\/mcp .*[\s\S]*Ctrl-C/m);
  demoUrl = String(url);
  specs = await HttpServer.start((_request, response) => {
    response.setHeader('Content-Type', 'application/json').end(smallDocument('getPet'));
  });
  const [config = ''] = blocks('yaml');
  directory = new TemporaryDirectory({
    'mcp.yaml': config.replace('https://api.example.com/openapi.json', `${specs.url}/openapi.json`),
    'specs/billing.yaml': smallDocument('getInvoice'),
    'overlays/petstore.yaml':
      'overlay: 1.0.0\ninfo: { title: O, version: 1.0.0 }\nactions: [{ target: "$.info", update: { title: Pets } }]\n',
  });
});

afterAll(async () => {
  await demo[Symbol.asyncDispose]();
  await specs[Symbol.asyncDispose]();
  directory[Symbol.dispose]();
});

/** What the README asks for is done; with ports of this machine's choice where it names one. */
const performances: readonly (readonly [command: RegExp, perform: (...groups: string[]) => Promise<void>])[] =
  [
    [
      /^npm (ci|start|test)$/,
      async (name) => {
        // Run for good by the test of a fresh checkout; building here would rewrite what other tests are running.
        if (name === 'start') expect(scripts['start']).toMatch(/ && node dist\/sidecar\/main\.js demo$/);
        else if (name === 'test') expect(scripts['test']).toMatch(/ && vitest run$/);
        else expect(existsSync(join(root, 'package-lock.json'))).toBe(true);
      },
    ],
    [
      /^claude mcp add --transport http bookshop (\S+)$/,
      async (url = '') => {
        const client = await connectClient(url.replace('http://127.0.0.1:8080', demoUrl));
        expect(await toolNames(client)).toContain('shop__listBooks');
        await client.close();
      },
    ],
    [
      /^curl -s (\S+) -H '(\S+): (.+?)' -H '(\S+): (.+?)' -d '(.+)'$/,
      async (url = '', name1 = '', value1 = '', name2 = '', value2 = '', body = '') => {
        const answer = await fetch(url.replace('http://127.0.0.1:8080', demoUrl), {
          method: 'POST',
          headers: { [name1]: value1, [name2]: value2 },
          body,
        });
        expect(await answer.json()).toMatchObject({
          result: { structuredContent: { result: [{ title: 'Leaves of Grass' }] } },
        });
      },
    ],
    [
      /^npx mcp-anything (validate .+)$/,
      async (args = '') => {
        const result = await runCommand(args.split(' '), { cwd: directory.path, env: { PETS_TOKEN: 'x' } });
        expect(result).toMatchObject({ code: 0, stderr: '' });
      },
    ],
    [
      /^npx mcp-anything (serve .+)$/,
      async (args = '') => {
        await using sidecar = new SidecarProcess([...args.split(' '), '--port', '0'], {
          cwd: directory.path,
          env: { PETS_TOKEN: 'x' },
        });
        const client = await connectClient(`${await sidecar.url()}/mcp/readonly`);
        expect(await toolNames(client)).toEqual(['pets__getPet', 'billing__getInvoice']);
        await client.close();
      },
    ],
    [
      /^docker build -f (\S+) /,
      async (file = '') => {
        expect(existsSync(join(root, file))).toBe(true);
      },
    ],
    [
      /^docker run .* mcp-anything (serve --config) \/config\/(\S+)$/,
      async (_command, file) => {
        expect(file).toBe('mcp.yaml');
      },
    ],
    [
      /^helm install tools (\S+) /,
      async (chart = '') => {
        expect(existsSync(join(root, chart, 'Chart.yaml'))).toBe(true);
      },
    ],
    [
      /^(\.ci\/run)$/,
      async (file = '') => {
        accessSync(join(root, file), constants.X_OK);
        await run('bash', ['-n', join(root, file)]);
      },
    ],
  ];

describe('the README', () => {
  test.each(commands)('works as it says: %s', async (command) => {
    const found = performances.filter(([pattern]) => pattern.test(command));
    expect(found, 'one way to check this command').toHaveLength(1);
    for (const [pattern, perform] of found) await perform(...(pattern.exec(command)?.slice(1) ?? []));
  });

  test('shows a config that every command accepts', async () => {
    expect(blocks('yaml')).toHaveLength(1);
    const { stdout } = await runCommand(['validate', 'mcp.yaml'], {
      cwd: directory.path,
      env: { PETS_TOKEN: 'x' },
    });
    expect(stdout).toBe('mcp.yaml is valid: /mcp with 2 tools, /mcp/readonly with 2 tools\n');
  });

  test('shows a .mcp.json for the demo', () => {
    expect(blocks('json').map((text) => JSON.parse(text))).toEqual([
      { mcpServers: { bookshop: { type: 'http', url: 'http://127.0.0.1:8080/mcp' } } },
    ]);
  });

  test('names metrics that there are', async () => {
    const metrics = await (await fetch(`${demoUrl}/metrics`)).text();
    const named = new Set(readme.match(/mcp_anything_\w+/g));
    expect(named.size).toBeGreaterThan(2);
    for (const name of named) expect(metrics).toContain(`# TYPE ${name} `);
  });

  test('links to files that exist', () => {
    const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path = '']) => path);
    expect(links.length).toBeGreaterThan(5);
    expect(links.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  test('shows TypeScript that compiles, and an app that serves tools', async () => {
    const sources = blocks('ts');
    expect(sources).toHaveLength(2);
    // As a project that has installed the package.
    using project = new TemporaryDirectory({
      'package.json': '{"type": "module"}',
      'tsconfig.json': JSON.stringify({
        compilerOptions: {
          strict: true,
          target: 'ES2022',
          module: 'NodeNext',
          types: ['node'],
          skipLibCheck: true,
          outDir: 'out',
          rootDir: '.',
        },
        files: sources.map((_source, index) => `block${index}.ts`),
      }),
      'mcp.yaml': 'upstreams: [{ name: pets, type: http, openapi: { source: ./small.json } }]',
      'small.json': smallDocument('cats'),
    });
    for (const [index, source] of sources.entries()) project.write(`block${index}.ts`, source);
    mkdirSync(join(project.path, 'node_modules'));
    for (const name of ['express', '@types', 'prom-client', 'undici-types']) {
      symlinkSync(join(root, 'node_modules', name), join(project.path, 'node_modules', name));
    }
    symlinkSync(root, join(project.path, 'node_modules', manifest.name));
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    const { stdout } = await run(process.execPath, [compiler, '-p', project.path]).catch((error) => error);
    expect(stdout).toBe('');

    const app = join(project.path, 'out/block0.js');
    const emitted = readFileSync(app, 'utf8');
    expect(emitted).toContain('app.listen(3000)');
    writeFileSync(
      app,
      emitted.replace('app.listen(3000)', 'const s = app.listen(0, () => console.log(s.address().port))'),
    );
    const child = spawn(process.execPath, [app], { cwd: project.path, stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const [port] = await new Promise<string[]>((resolve) => {
        child.stdout.setEncoding('utf8').once('data', (text: string) => resolve(text.trim().split('\n')));
      });
      const client = await connectClient(`http://127.0.0.1:${port}/ai/mcp`);
      expect(await toolNames(client)).toEqual(['pets__cats']);
      await client.close();
      expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200);
    } finally {
      child.kill('SIGKILL');
    }
  });
});
