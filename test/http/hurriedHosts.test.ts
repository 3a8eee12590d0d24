import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { LEGACY, rpc } from '../mcp/batteryCase.js';
import { deferred } from '../support/deferred.js';
import { McpServer } from '../support/mcpServer.js';
import { openSocket, type RawRequest, rawRequest, sendRaw } from '../support/rawHttp.js';
import { tableOf } from '../support/table.js';
import { until } from '../support/until.js';

const GET: RawRequest = { method: 'GET', headers: { Accept: 'text/event-stream' } };
const LIST: RawRequest = { headers: LEGACY, body: rpc('tools/list', {}, 1) };

const inFlight = async ({ metrics }: McpServer): Promise<number | undefined> =>
  (await metrics.requestsInFlight.get()).values[0]?.value;

describe('a client that leaves while the host is busy with its request', () => {
  it.each([
    ['an event stream', GET],
    ['a call', LIST],
  ])('holds up nobody: %s', async (_name, request) => {
    let arrived = 0;
    let handled = 0;
    await using server = await McpServer.start(await tableOf({ tools: [{ name: 'one' }] }), {
      host: (middleware) => async (req, res) => {
        const gone = req.headers['x-leaves'] === undefined ? null : once(res, 'close');
        arrived += 1;
        await gone;
        middleware(req, res);
        handled += 1;
      },
    });
    for (let count = 1; count <= 5; count += 1) {
      const socket = await openSocket(server.port);
      socket.write(rawRequest({ ...request, headers: { ...request.headers, 'X-Leaves': 'yes' } }));
      await until(() => arrived === count);
      socket.destroy();
    }
    await until(() => handled === 5);
    expect(await inFlight(server)).toBe(0);
    expect((await sendRaw(server.port, LIST)).status).toBe(200);
  });

  it('is not asked about further, and no stream stays, when it leaves while it is authenticated', async () => {
    const asked = deferred();
    const answer = deferred();
    const gone = deferred();
    await using server = await McpServer.start(
      await tableOf({
        tools: [{ name: 'one' }],
        config: {
          upstreams: [{ name: 'api', base_url: 'http://api.example', openapi: { source: './api.json' } }],
          inbound_auth: { strategy: 'jwt', jwt: { issuer: 'https://issuer.example', audience: 'a' } },
        },
      }),
      {
        authenticator: {
          authenticate: async () => {
            asked.resolve();
            await answer.promise;
            return { kind: 'ok', caller: { id: 'me', scopes: [], claims: {} } };
          },
          close: () => {},
        },
        host: (middleware) => (req, res) => {
          res.once('close', () => gone.resolve());
          middleware(req, res);
        },
      },
    );
    const socket = await openSocket(server.port);
    socket.write(rawRequest(GET));
    await asked.promise;
    expect(await inFlight(server)).toBe(1);
    socket.destroy();
    await gone.promise;
    answer.resolve();
    await until(async () => (await inFlight(server)) === 0);
    expect(server.listeners.count('/mcp')).toBe(0);
  });
});
