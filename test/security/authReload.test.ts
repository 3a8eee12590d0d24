import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mcpAnything } from '../../lib/index.js';
import { call, LEGACY, rpc } from '../mcp/batteryCase.js';
import { CollectedLog } from '../support/collectedLog.js';
import { HttpServer } from '../support/httpServer.js';
import { AUDIENCE, Issuer } from '../support/issuer.js';
import { RunningProxy } from '../support/runningProxy.js';
import { smallDocument } from '../support/smallDocument.js';
import { TemporaryDirectory } from '../support/temporaryDirectory.js';
import { until } from '../support/until.js';

type Credential = 'none' | 'first' | 'second' | 'token' | 'junk';

const CREDENTIALS: readonly Credential[] = ['none', 'first', 'second', 'token', 'junk'];

/** One change of one file, and who may call once it is in force. */
interface Step {
  readonly file: string;
  readonly text: string;
  readonly admits: readonly Credential[];
}

function replaceFile(directory: TemporaryDirectory, name: string, text: string): void {
  renameSync(directory.write(`${name}.new`, text), join(directory.path, name));
}

describe('auth that is turned on, changed and turned off under load', () => {
  it('holds for every request from its arrival: none is served by anything weaker', async () => {
    await using issuer = await Issuer.start();
    await using api = await HttpServer.start((_request, response) => response.end('{}'));
    const config = (auth: string) => `
reload: { debounce: 10ms, poll_interval: 100ms }
upstreams: [{ name: api, tool_prefix: "", base_url: "${api.url}", openapi: { source: api.json } }]
inbound_auth: ${auth}
`;
    const open = config('{ strategy: none }');
    const keys = config('{ strategy: apikey, apikey: { keys_file: keys } }');
    const tokens = (more: string) =>
      config(`{ strategy: jwt, jwt: { issuer: "${issuer.url}", audience: "${AUDIENCE}"${more} } }`);
    const token = tokens('');
    const strict = tokens(', required_scopes: [nobody-has-this]');
    const cycle: readonly Step[] = [
      { file: 'mcp.yaml', text: keys, admits: ['first'] },
      { file: 'keys', text: 'second\n', admits: ['second'] },
      { file: 'mcp.yaml', text: token, admits: ['token'] },
      { file: 'mcp.yaml', text: strict, admits: [] },
      { file: 'mcp.yaml', text: keys, admits: ['second'] },
      { file: 'keys', text: 'first\n', admits: ['first'] },
      { file: 'mcp.yaml', text: open, admits: CREDENTIALS },
    ];
    using directory = new TemporaryDirectory({
      'mcp.yaml': open,
      keys: 'first\n',
      'api.json': smallDocument('one'),
    });
    const log = new CollectedLog();
    const handler = mcpAnything({ config: join(directory.path, 'mcp.yaml'), logger: log });
    let inForce: Step = { file: '', text: '', admits: CREDENTIALS };
    let next = inForce;
    let swaps = 0;
    handler.on('swap', () => {
      inForce = next;
      swaps += 1;
    });
    await using server = await HttpServer.start((request, response) => {
      response.setHeader('x-admits', inForce.admits.join(' '));
      response.setHeader('x-step', String(swaps));
      handler(request, response);
    });
    await handler.ready;

    const jwt = await issuer.token();
    const headersOf: Readonly<Record<Credential, object>> = {
      none: {},
      first: { 'x-api-key': 'first' },
      second: { 'x-api-key': 'second' },
      token: { authorization: `Bearer ${jwt}` },
      junk: { 'x-api-key': 'junk', authorization: 'Bearer junk' },
    };
    const bodies = [rpc('tools/list'), rpc('tools/call', call('one', {})), rpc('ping')];
    const wrong: string[] = [];
    const seen = new Map<string, number>();
    let loading = true;
    async function load(worker: number): Promise<void> {
      for (let turn = worker; loading; turn += 1) {
        const credential = CREDENTIALS[turn % CREDENTIALS.length] ?? 'none';
        const response = await fetch(`${server.url}/mcp`, {
          method: 'POST',
          headers: { ...LEGACY, ...headersOf[credential] },
          body: bodies[turn % bodies.length] ?? '',
        });
        await response.arrayBuffer();
        const admitted = (response.headers.get('x-admits') ?? '').split(' ').includes(credential);
        const step = response.headers.get('x-step');
        const expected = admitted ? [200] : [401, 403];
        if (!expected.includes(response.status)) wrong.push(`${step} ${credential} ${response.status}`);
        const outcome = `${step} ${response.status === 200 ? 'served' : 'refused'}`;
        seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
      }
    }
    const workers = [0, 1, 2, 3, 4, 5].map(load);
    const steps = [...cycle, ...cycle];
    try {
      for (const [index, step] of steps.entries()) {
        next = step;
        replaceFile(directory, step.file, step.text);
        await until(() => swaps === index + 2, {
          within: 5_000,
          what: () => `swap ${index + 2}, at ${swaps}`,
        });
        // Long enough to see requests of every kind under it.
        const refused = () => seen.get(`${swaps} refused`) ?? 0;
        const served = () => seen.get(`${swaps} served`) ?? 0;
        await until(
          () =>
            served() >= (step.admits.length > 0 ? 10 : 0) && refused() >= (step.admits.length < 5 ? 10 : 0),
        );
      }
    } finally {
      loading = false;
      await Promise.all(workers);
      await handler.close();
    }
    expect(wrong).toEqual([]);
    expect(log.of('error')).toEqual([]);
    expect([...seen.values()].reduce((sum, count) => sum + count)).toBeGreaterThan(300);
  }, 60_000);
});

describe('auth that is turned on', () => {
  const files = (auth: string) => ({
    'mcp.yaml': `
reload: { debounce: 10ms, poll_interval: 100ms }
upstreams: [{ name: api, tool_prefix: "", openapi: { source: api.json } }]
inbound_auth: ${auth}
`,
    'api.json': smallDocument('one'),
    keys: 'key\n',
  });
  const KEYS = '{ strategy: apikey, apikey: { keys_file: keys } }';

  const stream = (proxy: RunningProxy, headers: object = {}) =>
    fetch(proxy.url(), { headers: { accept: 'text/event-stream', ...headers } });

  it('cuts the streams that were opened without it, and leaves those of other endpoints alone', async () => {
    const groups = (auth: string) =>
      `\ngroups:\n  - { name: a, endpoint: /mcp, upstreams: [api]${auth} }\n  - { name: b, endpoint: /b, upstreams: [api] }\n`;
    const open = files('{ strategy: none }');
    await using proxy = await RunningProxy.start({
      files: { ...open, 'mcp.yaml': open['mcp.yaml'] + groups('') },
    });
    const before = await stream(proxy);
    const other = await fetch(proxy.url('/b'), { headers: { accept: 'text/event-stream' } });
    expect([before.status, other.status]).toEqual([200, 200]);
    const ended = before.text().then(
      () => 'ended',
      () => 'ended',
    );
    proxy.directory.write('mcp.yaml', open['mcp.yaml'] + groups(`, inbound_auth: ${KEYS}`));
    expect(await ended).toBe('ended');
    const again = await stream(proxy);
    expect(again.status).toBe(401);
    expect((await stream(proxy, { 'x-api-key': 'key' })).status).toBe(200);
    expect(await proxy.metric('listeners', { endpoint: '/b' })).toBe(1);
    await other.body?.cancel();
  });

  it('stays on when a later config is broken, its keys are gone, or a document changes', async () => {
    await using proxy = await RunningProxy.start({ files: files(KEYS) });
    const refused = async () => (await stream(proxy)).status === 401;
    expect(await refused()).toBe(true);
    proxy.directory.write('mcp.yaml', 'inbound_auth: { strategy: nothing }');
    await proxy.untilMetric('config_last_reload_successful', 0);
    expect(await refused()).toBe(true);
    proxy.directory.write('mcp.yaml', files(KEYS)['mcp.yaml']);
    await proxy.untilMetric('config_last_reload_successful', 1);
    proxy.directory.write('keys', '');
    await proxy.untilMetric('config_last_reload_successful', 0);
    expect(await refused()).toBe(true);
    proxy.directory.write('api.json', smallDocument('two'));
    await proxy.untilMetric('table_generation', 2);
    expect(await refused()).toBe(true);
    const answer = await fetch(proxy.url(), {
      method: 'POST',
      headers: { ...LEGACY, 'x-api-key': 'key' },
      body: rpc('tools/list'),
    });
    expect(await answer.text()).toContain('two');
  });
});
