import { join } from 'node:path';
import express from 'express';
import { mcpAnything } from 'mcp-anything';

/**
 * A gateway as many teams have one: `express.json()`, routes and a 404 of its own. The tools are one more line.
 * `npm run build`, then `WEATHER_API=https://… node examples/express-gateway/gateway.js` with the URL of an API that
 * answers as weather.json says; check.js brings one of its own.
 */
export function createGateway() {
  const app = express();
  const tools = mcpAnything({ config: join(import.meta.dirname, 'mcp.yaml') });

  app.use(express.json());
  app.get('/hello', (_request, response) => response.json({ hello: 'world' }));
  app.post('/echo', (request, response) => response.json(request.body));
  app.use('/ai', tools);
  app.get('/healthz', tools.health);
  app.get('/readyz', tools.readiness);
  app.get('/metrics', tools.metrics);
  app.use((request, response) => response.status(404).json({ error: `no page at ${request.path}` }));
  return { app, tools };
}

if (process.argv[1] === import.meta.filename) {
  const { app, tools } = createGateway();
  await tools.ready;
  const port = process.env.PORT ?? 3000;
  app.listen(port, () => console.log(`agents connect to http://localhost:${port}/ai/mcp`));
}
