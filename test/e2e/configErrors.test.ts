import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { McpAnythingError, mcpAnything } from '../../lib/index.js';
import { runCommand } from '../support/sidecarProcess.js';
import { smallDocument } from '../support/smallDocument.js';
import { TemporaryDirectory } from '../support/temporaryDirectory.js';

const upstream = '{ name: pets, type: http, openapi: { source: ./small.json } }';

const configs: readonly (readonly [name: string, config: string, lines: readonly RegExp[]])[] = [
  ['broken YAML', 'upstreams: [', [/mcp\.yaml/]],
  ['an empty file', '', [/mcp\.yaml|upstreams/]],
  ['an unknown key', `upstreams: [${upstream}]\nserverr: {}`, [/serverr.*server/]],
  [
    'several errors at once',
    `server: { port: many }\nreload: { debounce: soon }\nupstreams: [${upstream}]`,
    [/server\.port.*many/, /reload\.debounce.*soon/],
  ],
  ['two upstreams of one name', `upstreams: [${upstream}, ${upstream}]`, [/pets/]],
  [
    'a group with an unknown upstream',
    `upstreams: [${upstream}]\ngroups: [{ name: all, endpoint: /mcp, upstreams: [cats] }]`,
    [/groups\[0\].*cats/],
  ],
  [
    'an endpoint without a slash',
    `upstreams: [${upstream}]\ngroups: [{ name: all, endpoint: mcp, upstreams: [pets] }]`,
    [/groups\[0\]\.endpoint/],
  ],
  [
    'a JSONPath that is none',
    `upstreams: [${upstream}]\ngroups: [{ name: all, endpoint: /mcp, upstreams: [pets], filter: "$.paths[" }]`,
    [/groups\[0\]\.filter/],
  ],
  [
    'an unset variable',
    `upstreams: [{ name: pets, type: http, openapi: { source: "\${NOWHERE_SET}" } }]`,
    [/NOWHERE_SET/],
  ],
  ['__proto__ as a key', `upstreams: [${upstream}]\n__proto__: { a: 1 }`, [/__proto__/]],
  [
    'a document that is missing',
    'upstreams: [{ name: pets, type: http, openapi: { source: ./none.json } }]',
    [/upstream "pets".*none\.json/],
  ],
  [
    'a document that is a page',
    'upstreams: [{ name: pets, type: http, openapi: { source: ./page.html } }]',
    [/upstream "pets".*page\.html/],
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
