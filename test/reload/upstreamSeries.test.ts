import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { call, LEGACY, rpc } from '../mcp/batteryCase.js';
import { HttpServer } from '../support/httpServer.js';
import { RunningProxy } from '../support/runningProxy.js';
import { smallDocument } from '../support/smallDocument.js';
import { until } from '../support/until.js';

let api: HttpServer;
let proxy: RunningProxy;
let held: ServerResponse[];
let hold: boolean;

/** An API that fails, in its own time while `hold`. */
beforeEach(async () => {
  held = [];
  hold = false;
  api = await HttpServer.start((_request, response) => {
    if (hold) held.push(response);
    else response.writeHead(500).end();
  });
});

afterEach(async () => {
  await proxy[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
});

interface Draft {
  readonly upstreams?: readonly string[];
  readonly breaker?: boolean;
  /** Of each upstream. */
  readonly more?: object;
}

function configOf({ upstreams = ['kept'], breaker = false, more = {} }: Draft): string {
  return JSON.stringify({
    reload: { debounce: '10ms', drain_timeout: breaker ? '30s' : '50ms' },
    circuit_breakers: breaker ? { b: { min_requests: 1, threshold: '10%', fallback_duration: '1m' } } : {},
    upstreams: upstreams.map((name) => ({
      name,
      base_url: api.url,
      openapi: { source: 'api.json' },
      ...(breaker ? { circuit_breaker: 'b' } : {}),
      ...more,
    })),
  });
}

async function start(draft: Draft): Promise<void> {
  const files = { 'mcp.yaml': configOf(draft), 'api.json': smallDocument('one') };
  proxy = await RunningProxy.start({ files, watch: false });
}

async function reload(draft: Draft): Promise<string> {
  proxy.directory.write('mcp.yaml', configOf(draft));
  return (await proxy.handler.reload()).outcome;
}

async function callOnce(upstream = 'kept'): Promise<void> {
  const body = rpc('tools/call', call(`${upstream}__one`, {}));
  await (await fetch(proxy.url(), { method: 'POST', headers: LEGACY, body })).text();
}

const circuit = () => proxy.metric('circuit_state', { upstream: 'kept' });

describe('the state of a circuit', () => {
  it('goes with the breaker', async () => {
    await start({ breaker: true });
    await callOnce();
    expect(await circuit()).toBe(2);
    expect(await reload({})).toBe('applied');
    expect(await circuit()).toBeUndefined();
  });

  it('stays when the config that takes the breaker away is not applied', async () => {
    await start({ breaker: true });
    await callOnce();
    expect(await reload({ more: { openapi: { source: 'missing.json' } } })).not.toBe('applied');
    expect(await circuit()).toBe(2);
  });

  it('is that of the client that serves, not of a former one that still has a call', async () => {
    await start({ breaker: true });
    hold = true;
    const late = callOnce();
    await until(() => held.length === 1);
    expect(await reload({ breaker: true, more: { timeout: '9s' } })).toBe('applied');
    held[0]?.writeHead(500).end();
    await late;
    expect(await circuit()).toBe(0);
  });
});

describe('the series of an upstream that is gone', () => {
  it('do not come back with a call that outlives the drain', async () => {
    const names = ['tool_calls_total', 'tool_call_duration_seconds'];
    const ofGone = () => Promise.all(names.map((name) => proxy.metric(name, { upstream: 'gone' })));
    await start({ upstreams: ['kept', 'gone'] });
    await callOnce('gone');
    expect(await ofGone()).not.toContain(undefined);
    hold = true;
    const late = callOnce('gone');
    await until(() => held.length === 1);
    expect(await reload({ upstreams: ['kept'] })).toBe('applied');
    await proxy.untilMetric('tables_draining', 0);
    expect(await ofGone()).toEqual([undefined, undefined]);
    held[0]?.writeHead(500).end();
    await late;
    await until(async () => (await ofGone()).every((value) => value === undefined));
  });
});
