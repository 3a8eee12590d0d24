import { join } from 'node:path';
import type { Counter } from 'prom-client';
import { expect, it } from 'vitest';
import { mcpAnything, silentLogger } from '../../lib/index.js';
import { RunningProxy } from '../support/runningProxy.js';
import { smallDocument } from '../support/smallDocument.js';
import { TemporaryDirectory } from '../support/temporaryDirectory.js';
import { until } from '../support/until.js';
import { configOf } from './reloadConfig.js';

it('a host’s logger that throws keeps no change from being applied', async () => {
  using directory = new TemporaryDirectory({
    'mcp.yaml': configOf({ a: 'a.json' }),
    'a.json': smallDocument('one'),
  });
  let attempts = 0;
  const refuse = () => {
    attempts += 1;
    throw new Error('write after end');
  };
  const config = join(directory.path, 'mcp.yaml');
  const throwing = { debug: refuse, info: refuse, warn: refuse, error: refuse };
  const handler = mcpAnything({ config, logger: throwing });
  try {
    await handler.ready;
    for (const name of ['two', 'three']) {
      directory.write('a.json', smallDocument(name));
      await until(() => handler.journal()[0]?.diff[0]?.added[0] === name, { within: 5_000 });
    }
    directory.write('mcp.yaml', 'upstreams: [');
    expect(await handler.reload()).toMatchObject({ outcome: 'failed' });
    expect(attempts).toBeGreaterThan(3);
  } finally {
    await handler.close();
  }
});

it('a logger’s methods are called as such', async () => {
  using directory = new TemporaryDirectory({
    'mcp.yaml': configOf({ a: 'a.json' }),
    'a.json': smallDocument('one'),
  });
  const logger = {
    ...silentLogger,
    lines: [] as string[],
    info(_: object, message: string) {
      this.lines.push(message);
    },
  };
  const handler = mcpAnything({ config: join(directory.path, 'mcp.yaml'), logger });
  await handler.ready;
  await handler.close();
  expect(logger.lines).toEqual(['routing table 1 serves']);
});

it('a new file is watched though the reload that brought it could not be told of', async () => {
  await using proxy = await RunningProxy.start({
    files: {
      'mcp.yaml': configOf({ a: 'a.json' }),
      'a.json': smallDocument('one'),
      'b.json': smallDocument('two'),
    },
  });
  const metric = proxy.handler.registry.getSingleMetric('mcp_anything_table_swaps_total') as Counter;
  const { inc } = metric;
  metric.inc = () => {
    metric.inc = inc;
    throw new Error('a defect');
  };
  proxy.directory.write('mcp.yaml', configOf({ a: 'a.json', b: 'b.json' }));
  await proxy.untilTools(['one', 'two']);
  proxy.directory.write('b.json', smallDocument('three'));
  await proxy.untilTools(['one', 'three']);
  expect(proxy.log.of('error')).toMatchObject([
    { message: 'reload failed unexpectedly', fields: { problems: ['a defect'] } },
  ]);
});
