import { execFile } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Candidate } from '../candidate.js';
import { TYPESCRIPT } from '../paths.js';

const run = promisify(execFile);

/** Generates a project from the document; what is measured is the generated server, built as its own script does. */
export default {
  title: 'openapi-mcp-generator, generated server',
  role: 'peer',
  transport: 'session',
  lists: true,
  resources: true,
  packages: [
    'openapi-mcp-generator@4.0.1',
    // What the generated package.json asks for. Its server crashes with newer SDKs of the range it allows.
    '@modelcontextprotocol/sdk@1.24.3',
    '@hono/node-server@1.19.19',
    'axios@1.21.1',
    'dotenv@16.6.1',
    'fetch-to-node@2.1.0',
    'hono@4.13.19',
    'json-schema-to-zod@2.6.1',
    'uuid@11.1.0',
    'zod@3.25.76',
  ],
  async command({ packages, document, upstream, port, directory }) {
    const project = join(directory, 'generated');
    const generator = join(packages, 'node_modules/openapi-mcp-generator/bin/openapi-mcp-generator.js');
    const target = ['--output', project, '--base-url', upstream, '--port', String(port)];
    await run(process.execPath, [
      generator,
      ...['--input', document, ...target],
      ...['--transport', 'streamable-http', '--force'],
    ]);
    symlinkSync(join(packages, 'node_modules'), join(project, 'node_modules'));
    // Its own settings, without the type check, which its types do not pass with every version of what it uses.
    const compilerOptions = { rootDir: './src', noCheck: true, types: [], declaration: false };
    const settings = { extends: './tsconfig.json', compilerOptions };
    writeFileSync(join(project, 'tsconfig.bench.json'), JSON.stringify(settings));
    await run(process.execPath, [TYPESCRIPT, '-p', join(project, 'tsconfig.bench.json')]);
    return { args: [join(project, 'build/index.js'), '--transport=streamable-http'] };
  },
} satisfies Candidate;
