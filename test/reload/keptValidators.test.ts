import { expect, test } from 'vitest';
import { connectClient } from '../support/mcpClient.js';
import { RunningProxy } from '../support/runningProxy.js';
import { configOf } from './reloadConfig.js';

/** One operation with a schema that is too large to validate with, which is logged when it is found out. */
function documentOf(summary: string, values: number): string {
  const schema = { enum: Array.from({ length: values }, (_, index) => `value number ${index}`) };
  return JSON.stringify({
    openapi: '3.1.0',
    info: { title: 'Large', version: '1' },
    // Nobody listens: what counts is before the request.
    servers: [{ url: 'http://127.0.0.1:9' }],
    paths: {
      '/it': { get: { operationId: 'it', summary, parameters: [{ name: 'n', in: 'query', schema }] } },
    },
  });
}

test.each(['thread', 'process'] as const)(
  'a schema is looked at again once it has changed (compiled in a %s)',
  async (compileIn) => {
    await using proxy = await RunningProxy.start({
      files: { 'mcp.yaml': configOf({ a: 'a.json' }), 'a.json': documentOf('One.', 4_000) },
      compileIn,
    });
    const client = await connectClient(proxy.url());
    const warningsAfterCall = async () => {
      await client.callTool({ name: 'it', arguments: { n: 'value number 1' } });
      return proxy.log.of('warn').filter(({ message }) => message.includes('too large to validate')).length;
    };
    expect(await warningsAfterCall()).toBe(1);
    proxy.directory.write('a.json', documentOf('Another.', 4_000));
    await proxy.untilMetric('table_generation', 2, {}, 30_000);
    expect(await warningsAfterCall()).toBe(1);
    proxy.directory.write('a.json', documentOf('Another.', 4_001));
    await proxy.untilMetric('table_generation', 3, {}, 30_000);
    expect(await warningsAfterCall()).toBe(2);
    await client.close();
  },
);
