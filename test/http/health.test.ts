import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { createHealthHandler, createMetricsHandler, createReadinessHandler } from '../../lib/http/health.js';
import { Metrics } from '../../lib/observe/metrics.js';
import { deferred } from '../support/deferred.js';
import { HttpServer } from '../support/httpServer.js';

describe('health pages', () => {
  it('say ok while the process answers', async () => {
    await using server = await HttpServer.start(createHealthHandler());
    const answer = await fetch(server.url);
    expect([answer.status, await answer.text()]).toEqual([200, 'ok\n']);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('tell ready from not ready, and why not', async () => {
    const reasons: object[] = [{ reason: 'loading', message: 'the first load is under way' }];
    await using server = await HttpServer.start(createReadinessHandler(() => reasons));
    const before = await fetch(server.url);
    expect([before.status, await before.json()]).toEqual([503, { ready: false, reasons }]);
    reasons.length = 0;
    const after = await fetch(server.url);
    expect([after.status, await after.json()]).toEqual([200, { ready: true, reasons: [] }]);
  });

  it('answer HEAD without a body', async () => {
    await using server = await HttpServer.start(createReadinessHandler(() => []));
    const answer = await fetch(server.url, { method: 'HEAD' });
    expect([answer.status, await answer.text()]).toEqual([200, '']);
  });

  it('show metrics in the format of Prometheus', async () => {
    const metrics = new Metrics(new Registry());
    metrics.listeners.set({ endpoint: '/mcp' }, 3);
    await using server = await HttpServer.start(createMetricsHandler(metrics.registry));
    const answer = await fetch(server.url);
    expect(answer.headers.get('content-type')).toContain('text/plain; version=');
    expect(await answer.text()).toContain('mcp_anything_listeners{endpoint="/mcp"} 3');
  });

  it('leave a request alone that the host has answered while metrics were collected', async () => {
    const registry = new Registry();
    const collected = deferred<string>();
    registry.metrics = () => collected.promise;
    const page = createMetricsHandler(registry);
    await using server = await HttpServer.start((req, res) => {
      page(req, res);
      res.writeHead(503).end();
      collected.resolve('late');
    });
    const failures: unknown[] = [];
    const fail = (error: unknown) => failures.push(error);
    process.on('unhandledRejection', fail);
    expect((await fetch(server.url)).status).toBe(503);
    await new Promise(setImmediate);
    process.off('unhandledRejection', fail);
    expect(failures).toEqual([]);
  });

  it('survive a metric that cannot be collected', async () => {
    const registry = new Registry();
    registry.metrics = () => Promise.reject(new Error('secret'));
    await using server = await HttpServer.start(createMetricsHandler(registry));
    const answer = await fetch(server.url);
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('secret');
  });
});
