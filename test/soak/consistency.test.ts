import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { expect, it } from 'vitest';
import { collectGarbage } from '../support/garbage.js';
import { HttpServer } from '../support/httpServer.js';
import { connectClient } from '../support/mcpClient.js';
import { seededRandom } from '../support/random.js';
import { RunningProxy } from '../support/runningProxy.js';
import { until } from '../support/until.js';

/** `SOAK=1` is the long form: 200 changes; otherwise as many as `npm test` has time for. */
const LONG = process.env['SOAK'] === '1';
const CHANGES = LONG ? 200 : 24;
const CLIENTS = 32;
/** Of the slower upstream, milliseconds: calls span swaps. */
const LATENCY = 400;

/** One state of the three files; every list and every call must be wholly of one state that was in force. */
interface Versions {
  readonly config: number;
  readonly spec: number;
  readonly overlay: number;
}

type Part = keyof Versions;

const VALID: Readonly<Record<Part, (version: number, upstream: string) => string>> = {
  config: (version, upstream) => `
reload: { debounce: 10ms, poll_interval: 1s }
upstreams:
  - name: api
    type: http
    tool_prefix: ""
    base_url: ${upstream}
    headers: { X-Config: "${version}" }
    openapi: { source: spec.json }
    overlay: { source: overlay.json }
`,
  spec: (version) =>
    JSON.stringify({
      openapi: '3.0.3',
      info: { title: 'Soak', version: '1' },
      paths: {
        [`/fast/${version}`]: { get: operation('fast', version) },
        [`/slow/${version}`]: { get: operation('slow', version) },
        // Leaves with every fifth version, and comes back.
        ...(version % 5 === 0 ? {} : { [`/sometimes/${version}`]: { get: operation('sometimes', version) } }),
      },
    }),
  overlay: (version) =>
    JSON.stringify({
      overlay: '1.0.0',
      info: { title: 'o', version: '1' },
      actions: [{ target: '$.paths.*.get', update: { description: `overlay ${version}` } }],
    }),
};

function operation(operationId: string, version: number): object {
  return { operationId, summary: `spec ${version}`, responses: { 200: { description: 'ok' } } };
}

const INVALID: Readonly<Record<Part, readonly string[]>> = {
  config: ['upstreams: [', 'unknown: 1', ''],
  spec: ['<html></html>', '{"openapi": "3.0.3", "info"', '[]'],
  overlay: ['{"overlay": "1.0.0"}', 'actions: {', '""'],
};

const FILES: Readonly<Record<Part, string>> = {
  config: 'mcp.yaml',
  spec: 'spec.json',
  overlay: 'overlay.json',
};

const keyOf = ({ config, spec, overlay }: Versions): string => `${config}/${spec}/${overlay}`;

it(
  `serves ${CLIENTS} clients without one wrong answer while ${CHANGES} changes are made`,
  async () => {
    const random = seededRandom(20_261_122);
    const resourcesBefore = countResources();
    await using api = await HttpServer.start((request, response) => {
      const [, name, spec] = (request.url ?? '').split('/');
      const answer = JSON.stringify({
        name,
        spec: Number(spec),
        config: Number(request.headers['x-config']),
      });
      setTimeout(
        () => response.setHeader('content-type', 'application/json').end(answer),
        name === 'slow' ? LATENCY : 0,
      );
    });
    let versions: Versions = { config: 1, spec: 1, overlay: 1 };
    /** Every state that was in force, in order; the newest last. A state may serve as soon as its file is written. */
    const history: Versions[] = [versions];
    let applied = 0;
    const write = (proxy: RunningProxy, part: Part) =>
      proxy.directory.write(FILES[part], VALID[part](versions[part], api.url));

    const proxy = await RunningProxy.start({
      files: {
        'mcp.yaml': VALID.config(1, api.url),
        'spec.json': VALID.spec(1, api.url),
        'overlay.json': VALID.overlay(1, api.url),
      },
    });
    const faults: string[] = [];
    const counts = { lists: 0, calls: 0, gone: 0 };
    let running = true;

    /** The states that may have been current between two moments. */
    const between = (from: number): Versions[] => history.slice(from);

    async function list(client: Client): Promise<void> {
      const from = applied;
      const { tools } = await client.listTools();
      counts.lists += 1;
      const seen = new Set(tools.map(({ description }) => description));
      const expected = between(from).some(
        ({ spec, overlay }) =>
          seen.size === 1 &&
          seen.has(`spec ${spec}\n\noverlay ${overlay}`) &&
          tools.length === (spec % 5 === 0 ? 2 : 3),
      );
      if (!expected)
        faults.push(`list of no state in force: ${tools.length} tools, ${[...seen].join(' | ')}`);
    }

    async function call(client: Client, name: string): Promise<void> {
      const from = applied;
      let result: Awaited<ReturnType<Client['callTool']>>;
      try {
        result = await client.callTool({ name, arguments: {} });
      } catch (error) {
        const left = name === 'sometimes' && between(from).some(({ spec }) => spec % 5 === 0);
        if (left && String(error).includes('-32602')) counts.gone += 1;
        else faults.push(`${name} failed: ${String(error)}`);
        return;
      }
      counts.calls += 1;
      const answer = result.structuredContent as { spec: number; config: number } | undefined;
      const whole = between(from).some(
        ({ spec, config }) => spec === answer?.spec && config === answer.config,
      );
      if (!whole) faults.push(`${name} of no state in force: ${JSON.stringify(result).slice(0, 200)}`);
    }

    async function work(client: Client, index: number): Promise<void> {
      for (let turn = index; running; turn += 1) {
        if (turn % 4 === 0) await list(client);
        else await call(client, ['fast', 'slow', 'sometimes'][turn % 3] ?? 'fast');
      }
    }

    async function change(step: number): Promise<void> {
      const part = (['config', 'spec', 'overlay'] as const)[Math.floor(random() * 3)] ?? 'spec';
      const before = proxy.handler.journal()[0];
      if (step % 3 === 2) {
        const texts = INVALID[part];
        proxy.directory.write(FILES[part], texts[Math.floor(random() * texts.length)] ?? '');
        await until(
          () => proxy.handler.journal()[0] !== before && proxy.handler.journal()[0]?.outcome === 'failed',
          {
            within: 10_000,
            what: `change ${step} of ${part} is rejected`,
          },
        );
        write(proxy, part);
        return;
      }
      versions = { ...versions, [part]: versions[part] + 1 };
      history.push(versions);
      write(proxy, part);
      const generation = Math.max(...proxy.handler.journal().map((report) => report.generation));
      await until(
        () => {
          const [newest] = proxy.handler.journal();
          return newest?.outcome === 'applied' && newest.generation > generation;
        },
        { within: 10_000, what: `change ${step} of ${part} to ${keyOf(versions)} is applied` },
      );
      applied = history.length - 1;
    }

    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => connectClient(proxy.url())));
    const workers = clients.map(work);
    const heaps: number[] = [];
    for (let step = 0; step < CHANGES; step += 1) {
      await change(step);
      if (LONG && step % 50 === 49) heaps.push(usedHeap());
    }
    running = false;
    await Promise.all(workers);

    expect(faults).toEqual([]);
    expect(counts.lists).toBeGreaterThan(CHANGES);
    expect(counts.calls).toBeGreaterThan(CHANGES);
    await proxy.untilMetric('tables_draining', 0);
    await proxy.untilMetric('requests_in_flight', 0);
    expect(await proxy.metric('table_generation')).toBe(history.length);
    const [first = 0] = heaps;
    if (LONG) expect(heaps.at(-1)).toBeLessThan(first * 1.1 + 2 ** 20);
    console.log(JSON.stringify({ changes: CHANGES, states: history.length, ...counts, heaps }));

    await Promise.all(clients.map((client) => client.close()));
    await proxy.untilMetric('listeners', 0, { endpoint: '/mcp' });
    await proxy[Symbol.asyncDispose]();
    await until(() => leftOver(resourcesBefore).length === 0, {
      within: 10_000,
      what: () => `nothing is left over, but ${leftOver(resourcesBefore).join(', ')}`,
    });
  },
  LONG ? 600_000 : 90_000,
);

/** Sockets, servers, timers, watches, workers that are alive, by kind. */
function countResources(): Map<string, number> {
  const counted = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counted.set(kind, (counted.get(kind) ?? 0) + 1);
  return counted;
}

/** The upstream's own server is alive still. */
function leftOver(before: ReadonlyMap<string, number>): string[] {
  const watched = [
    'FSEventWrap',
    'StatWatcher',
    'Worker',
    'MessagePort',
    'FSReqPromise',
    'TCPSocketWrap',
    'TCPServerWrap',
  ];
  const allowed = (kind: string): number => (before.get(kind) ?? 0) + (kind === 'TCPServerWrap' ? 1 : 0);
  return [...countResources()].flatMap(([kind, count]) =>
    watched.includes(kind) && count > allowed(kind) ? [`${kind} ${count} > ${allowed(kind)}`] : [],
  );
}

/** After a collection, bytes. */
function usedHeap(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}
