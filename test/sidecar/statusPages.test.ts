import { expect, test } from 'vitest';
import { mcpAnything } from '../../lib/index.js';
import { adminPages, lastResort } from '../../sidecar/statusPages.js';
import { HttpServer } from '../support/httpServer.js';

test('a reload that the end of the process cuts short is answered 503', async () => {
  const handler = mcpAnything({ config: { upstreams: [] } });
  await handler.ready;
  let stopping = false;
  const pages = adminPages({ handler, metricsPath: '/metrics', stopping: () => stopping, reload: true });
  await using server = await HttpServer.start(lastResort(pages));
  const reload = () => fetch(`${server.url}/-/reload`, { method: 'POST' });
  expect((await reload()).status).toBe(200);
  expect((await fetch(`${server.url}/-/reload`)).status).toBe(405);
  stopping = true;
  await handler.close();
  const refused = await reload();
  expect(refused.status).toBe(503);
  expect(await refused.json()).toEqual({
    problems: ['the reload was given up: the process is shutting down'],
  });
});
