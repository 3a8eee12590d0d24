import { Agent, get } from 'node:http';
import { describe, expect, it } from 'vitest';
import { departureSignal } from '../../lib/mcp/departure.js';
import { deferred } from '../support/deferred.js';
import { HttpServer } from '../support/httpServer.js';

describe('departureSignal', () => {
  it('of a request that the host has answered says nothing of the next one on the connection', async () => {
    const late = deferred();
    const signals: AbortSignal[] = [];
    const ports: (number | undefined)[] = [];
    await using server = await HttpServer.start(async (req, res) => {
      ports.push(req.socket.remotePort);
      if (ports.length > 1) {
        signals.push(departureSignal(req, res));
        res.end();
        return;
      }
      res.on('close', () => {
        signals.push(departureSignal(req, res));
        late.resolve();
      });
      res.end();
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ask = () =>
      new Promise<void>((resolve, reject) => {
        get(server.url, { agent }, (response) => response.resume().on('end', resolve)).on('error', reject);
      });
    await ask();
    await late.promise;
    await ask();
    expect(ports[0]).toBe(ports[1]);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    agent.destroy();
  });
});
