import { once } from 'node:events';
import express from 'express';
import { mcpAnything } from 'mcp-anything';
import type { Candidate } from '../candidate.js';
import { proxyConfig } from '../proxyConfig.js';

/** The middleware, first in an Express 5 app. */
export default {
  title: 'mcp-anything, in Express',
  role: 'ours',
  transport: 'post',
  lists: true,
  resources: true,
  async serve(setting) {
    const handler = mcpAnything({ config: proxyConfig(setting) });
    await handler.ready;
    const app = express();
    app.use(handler);
    const server = app.listen(setting.port, '127.0.0.1');
    await once(server, 'listening');
  },
} satisfies Candidate;
