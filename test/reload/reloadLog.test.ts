import { describe, expect, it } from 'vitest';
import { RunningProxy } from '../support/runningProxy.js';
import { smallDocument } from '../support/smallDocument.js';
import { SpecServer } from '../support/specServer.js';
import { until } from '../support/until.js';
import { configOf } from './reloadConfig.js';

/** Lines of these levels since the start. */
const said = (proxy: RunningProxy): readonly string[] =>
  proxy.log.lines.filter(({ level }) => level !== 'debug').map(({ level, message }) => `${level} ${message}`);

describe('what a reload tells the log', () => {
  it('ends a failure with a line of its own, whether anything had to be applied or not', async () => {
    const good = configOf({ a: 'a.json' });
    await using proxy = await RunningProxy.start({
      files: { 'mcp.yaml': good, 'a.json': smallDocument('one') },
    });
    proxy.directory.write('mcp.yaml', 'upstreams: none');
    await proxy.untilMetric('config_last_reload_successful', 0);
    proxy.directory.write('mcp.yaml', good);
    await proxy.untilMetric('config_last_reload_successful', 1);
    await proxy.handler.reload();
    expect(said(proxy)).toEqual([
      'info routing table 1 serves',
      'error reload failed, what served before keeps serving',
      'info reload: the config in force is the newest one again',
      'info reload: nothing has changed',
    ]);
  });

  it('says which part of a change was not applied', async () => {
    await using proxy = await RunningProxy.start({
      files: {
        'mcp.yaml': configOf({ a: 'a.json', b: 'b.json' }),
        'a.json': smallDocument('one'),
        'b.json': smallDocument('two'),
      },
    });
    proxy.directory.write('a.json', 'nonsense');
    await proxy.untilMetric('spec_last_refresh_successful', 0, { upstream: 'a' });
    expect(said(proxy).slice(1)).toEqual([
      'error reload failed for one upstream, its last good version keeps serving',
    ]);
  });

  it('tells of a server that answers again', async () => {
    await using spec = await SpecServer.start(smallDocument('one'));
    const source = `${spec.url}\n      refresh_interval: 50ms`;
    await using proxy = await RunningProxy.start({ files: { 'mcp.yaml': configOf({ a: source }) } });
    spec.next((_, response) => response.writeHead(500).end());
    await until(() => said(proxy).length === 3, { within: 8_000, what: () => said(proxy).join() });
    expect(said(proxy).slice(1)).toEqual([
      'warn spec refresh failed, the last good version keeps serving',
      'info spec refresh succeeds again',
    ]);
  });

  it('warns once for as long as the reason holds', async () => {
    const config = (port: string) => configOf({ a: 'a.json' }, `server: { ${port} }`);
    await using proxy = await RunningProxy.start({
      files: { 'mcp.yaml': config('port: 9000'), 'a.json': smallDocument('one') },
    });
    proxy.directory.write('a.json', smallDocument('two'));
    await proxy.untilTools(['two']);
    expect(proxy.log.of('warn')).toHaveLength(1);
  });
});
