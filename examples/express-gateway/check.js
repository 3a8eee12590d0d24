/**
 * Starts the gateway in front of a weather API of its own, uses it as a client would, and asserts.
 * `npm run build`, then `node examples/express-gateway/check.js`.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { createGateway } from './gateway.js';

const api = await listen((request, response) => {
  response.setHeader('Content-Type', 'text/plain').end(`weather at ${request.url}`);
});
process.env.WEATHER_API = api.url;
const { app, tools } = createGateway();
await tools.ready;
const gateway = await listen(app);

const client = new Client({ name: 'check', version: '1.0.0' });
await client.connect(new StreamableHTTPClientTransport(new URL(`${gateway.url}/ai/mcp`)));
const [tool, ...others] = (await client.listTools()).tools;
assert.equal(tool.name, 'weather__getForecast');
assert.equal(others.length, 0);
const result = await client.callTool({ name: tool.name, arguments: { city: 'Graz & Wien' } });
assert.deepEqual(result.content, [{ type: 'text', text: 'weather at /forecast?city=Graz%20%26%20Wien' }]);
await client.close();

assert.deepEqual(await (await fetch(`${gateway.url}/hello`)).json(), { hello: 'world' });
const echo = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"a":1}' };
assert.deepEqual(await (await fetch(`${gateway.url}/echo`, echo)).json(), { a: 1 });
const missing = await fetch(`${gateway.url}/ai/nowhere`);
assert.equal(missing.status, 404);
assert.deepEqual(await missing.json(), { error: 'no page at /ai/nowhere' });
assert.equal((await fetch(`${gateway.url}/readyz`)).status, 200);
assert.match(await (await fetch(`${gateway.url}/metrics`)).text(), /^mcp_anything_table_generation 1$/m);

await tools.close();
for (const { server } of [gateway, api]) server.close().closeAllConnections();
console.log('express-gateway: all checks passed');

async function listen(listener) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `http://127.0.0.1:${server.address().port}` };
}
