import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { McpAnythingError, mcpAnything } from '../../lib/index.js';
import { runCommand } from '../support/sidecarProcess.js';
import { smallDocument } from '../support/smallDocument.js';
import { TemporaryDirectory } from '../support/temporaryDirectory.js';

const configs: readonly (readonly [name: string, config: string, lines: readonly RegExp[]])[] = [
  ['broken YAML', 'upstreams: [', [/mcp\.yaml/]],
  ['an empty file', '', [/mcp\.yaml|upstreams/]],
  ['__proto__ as a key', '__proto__: { a: 1 }', [/__proto__/]],
  [
    'many errors at once',
    `
serverr: {}
server: { port: many }
reload: { debounce: soon }
upstreams:
  - { name: pets, type: http, openapi: { source: ./small.json } }
  - { name: pets, type: http, openapi: { source: ./small.json } }
  - { name: cats, type: script, openapi: { source: ./small.json } }
  - { name: dogs, type: http, openapi: { source: "\${NOWHERE_SET}" } }
groups:
  - { name: all, endpoint: mcp, upstreams: [birds] }
  - { name: some, endpoint: /mcp, upstreams: [pets], filter: "$.paths[" }
`,
    [
      /^serverr: .*"server"/,
      /^server\.port: .*"many"/,
      /^reload\.debounce: .*"soon"/,
      /^upstreams\[1\]\.name: .*"pets"/,
      /^upstreams\[2\]\.type: .*"script"/,
      /^upstreams\[3\]\.openapi\.source: .*NOWHERE_SET/,
      /^groups\[0\]\.endpoint: .*"mcp"/,
      /^groups\[0\]\.upstreams\[0\]: .*"birds"/,
      /^groups\[1\]\.filter: .*"\$\.paths\["/,
    ],
  ],
  [
    'documents that do not load',
    `
upstreams:
  - { name: gone, type: http, openapi: { source: ./none.json } }
  - { name: page, type: http, openapi: { source: ./page.html } }
  - { name: fine, type: http, openapi: { source: ./small.json } }
`,
    [/^upstream "gone": \S*none\.json: /, /^upstream "page": \S*page\.html: /],
  ],
];

describe('what is wrong with a config', () => {
  test.each(configs)('reads the same from validate, serve and ready: %s', async (_name, config, expected) => {
    using directory = new TemporaryDirectory({
      'small.json': smallDocument('cats'),
      'page.html': '<!doctype html><title>Sign in</title>',
      'mcp.yaml': config,
    });
    const file = join(directory.path, 'mcp.yaml');
    const [validate, serve, ready] = await Promise.all([
      runCommand(['validate', file]),
      runCommand(['serve', '--config', file, '--port', '0']),
      rejection(file),
    ]);
    expect(ready).toHaveLength(expected.length);
    for (const [index, pattern] of expected.entries()) expect(ready[index]).toMatch(pattern);
    const lines = ready.map((line) => `${line}\n`).join('');
    expect(validate).toMatchObject({ code: 1, stderr: lines, stdout: '' });
    expect(serve).toMatchObject({ code: 1, stderr: lines });
  });
});

async function rejection(config: string): Promise<readonly string[]> {
  const handler = mcpAnything({ config, use: 'sidecar' });
  try {
    await handler.ready;
  } catch (error) {
    if (error instanceof McpAnythingError) return error.problems;
    throw error;
  } finally {
    await handler.close();
  }
  throw new Error('the config is valid');
}
