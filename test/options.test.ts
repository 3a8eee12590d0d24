import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { type McpAnythingOptions, mcpAnything } from '../lib/index.js';
import { smallDocument } from './support/smallDocument.js';
import { TemporaryDirectory } from './support/temporaryDirectory.js';

describe('options', () => {
  it.each<[string, unknown, string]>([
    ['none', undefined, 'must get an object'],
    ['no config', {}, '"config" is missing'],
    ['a misspelt name', { config: 'mcp.yaml', registy: 1 }, '"registy" is not an option; there are config, '],
    ['another type', { config: 'mcp.yaml', watch: 'no' }, '"watch" must be of type boolean, got string'],
    [
      'another place',
      { config: 'a', compileIn: 'proces' },
      '"compileIn" must be thread or process, got proces',
    ],
    [
      'another use',
      { config: 'mcp.yaml', use: 'gateway' },
      '"use" must be middleware or sidecar, got gateway',
    ],
  ])('are refused at once: %s', (_case, options, message) => {
    expect(() => mcpAnything(options as McpAnythingOptions)).toThrow(message);
  });

  it('may be left undefined', async () => {
    const options = { config: {}, logger: undefined, fastPath: undefined } as unknown as McpAnythingOptions;
    await expect(mcpAnything(options).ready).rejects.toThrow('upstreams');
  });
});

describe('the host’s registry', () => {
  it('takes a new handler once the former one is closed, and keeps what is the host’s', async () => {
    using directory = new TemporaryDirectory({ 'a.json': smallDocument('one') });
    const config = { upstreams: [{ name: 'a', type: 'http', openapi: { source: './a.json' } }] };
    const registry = new Registry();
    registry.registerMetric({ name: 'own', get: async () => ({}) } as never);
    for (let round = 0; round < 2; round += 1) {
      const handler = mcpAnything({ config, directory: directory.path, registry });
      await handler.ready;
      expect(registry.getSingleMetric('mcp_anything_table_generation')).toBeDefined();
      await handler.close();
    }
    expect(registry.getMetricsAsArray().map(({ name }) => name)).toEqual(['own']);
  });
});
