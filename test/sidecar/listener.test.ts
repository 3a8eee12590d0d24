import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Listener } from '../../sidecar/listener.js';
import { deferred } from '../support/deferred.js';

const open: Listener[] = [];

afterEach(() => {
  for (const listener of open.splice(0)) listener.destroy();
});

async function start(answer: RequestListener, timeouts = { read: 30_000, write: 30_000 }) {
  const listener = new Listener(answer, timeouts);
  open.push(listener);
  return { listener, url: new URL(await listener.listen('127.0.0.1', 0, '--port')) };
}

function rawConnection(url: URL): Socket {
  return connect(Number(url.port), url.hostname).on('error', () => {});
}

describe('an address that is not to be had', () => {
  test('names the setting that chooses another port when this one is taken', async () => {
    const { url } = await start((_request, response) => response.end());
    const second = new Listener((_request, response) => response.end(), { read: 1000, write: 1000 });
    await expect(second.listen('127.0.0.1', Number(url.port), 'server.admin_port')).rejects.toThrow(
      `cannot listen on 127.0.0.1:${url.port}: the port is in use; choose another with server.admin_port`,
    );
  });

  test('says that the machine lacks an address', async () => {
    const listener = new Listener(() => {}, { read: 1000, write: 1000 });
    await expect(listener.listen('192.0.2.1', 0, '--port')).rejects.toThrow(
      'cannot listen on 192.0.2.1:0: this machine has no such address',
    );
  });
});

describe('slow clients', () => {
  test('one that does not finish its request is answered 408 after the read timeout', async () => {
    const { url } = await start((request) => request.resume(), { read: 200, write: 30_000 });
    const socket = rawConnection(url);
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf');
    const [answer] = await once(socket.setEncoding('utf8'), 'data');
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('one that reads nothing of its answer is cut off after the write timeout', async () => {
    let closed = false;
    const { url } = await start(
      (_request, response) => {
        response.on('close', () => {
          closed = true;
        });
        response.end(Buffer.alloc(64 * 1024 * 1024));
      },
      { read: 30_000, write: 200 },
    );
    const socket = rawConnection(url);
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    socket.pause();
    await vi.waitFor(() => expect(closed).toBe(true), { timeout: 5000 });
    socket.destroy();
  });

  test('a stream with nothing to say, and an answer that takes long, outlast the write timeout', async () => {
    const { url } = await start(
      (_request, response) => {
        response.flushHeaders();
        setTimeout(() => response.end('late'), 700);
      },
      { read: 30_000, write: 100 },
    );
    expect(await (await fetch(url)).text()).toBe('late');
  });
});

describe('draining', () => {
  test('lets the answer in flight finish, refuses new connections, and ends', async () => {
    const arrived = deferred();
    const released = deferred();
    const { listener, url } = await start((_request, response) => {
      arrived.resolve();
      void released.promise.then(() => response.end('done'));
    });
    const agent = new Agent({ keepAlive: true });
    const answer = new Promise<string>((resolve) => {
      request(url, { agent }, (response) => response.setEncoding('utf8').once('data', resolve)).end();
    });
    await arrived.promise;
    const drained = listener.drain();
    await expect(fetch(url)).rejects.toThrow('fetch failed');
    released.resolve();
    expect(await answer).toBe('done');
    // The client keeps its connection alive; the drain must not wait for it.
    await drained;
    agent.destroy();
  });

  test('does not wait for a connection that never asked for anything', async () => {
    const { listener, url } = await start((_request, response) => response.end());
    const socket = rawConnection(url);
    await once(socket, 'connect');
    await fetch(url);
    const began = performance.now();
    await listener.drain();
    expect(performance.now() - began).toBeLessThan(1_000);
    socket.destroy();
  });

  test('ends keep-alive with each answer once the end is announced', async () => {
    const { listener, url } = await start((_request, response) => response.end());
    expect((await fetch(url)).headers.get('connection')).toBe('keep-alive');
    listener.announceEnd();
    expect((await fetch(url)).headers.get('connection')).toBe('close');
  });
});
