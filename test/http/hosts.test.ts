import type { RequestListener } from 'node:http';
import { createRequire } from 'node:module';
import express from 'express';
import { describe, expect, it } from 'vitest';
import type { Middleware } from '../../lib/http/middleware.js';
import { call, LEGACY, modern, rpc } from '../mcp/batteryCase.js';
import { connectClient, toolNames } from '../support/mcpClient.js';
import { McpServer } from '../support/mcpServer.js';
import { sendRaw } from '../support/rawHttp.js';
import { tableOf } from '../support/table.js';

// The alias package has no types of its own.
const express4 = createRequire(import.meta.url)('express4') as typeof express;

interface Host {
  readonly name: string;
  /** Where the middleware is mounted. */
  readonly mount: '' | '/ai';
  readonly host: (middleware: Middleware) => RequestListener;
}

/** A host with a route of its own before and after, behind a parser or not. */
function expressHost(version: 4 | 5, mount: '' | '/ai', parser: 'none' | 'json' | 'text' | 'raw'): Host {
  const make = version === 5 ? express : express4;
  return {
    name: `Express ${version} at ${mount === '' ? '/' : mount}, body parser ${parser}`,
    mount,
    host(middleware) {
      const app = make();
      if (parser === 'json') app.use(make.json());
      if (parser === 'text') app.use(make.text({ type: () => true }));
      if (parser === 'raw') app.use(make.raw({ type: () => true }));
      app.get('/before', (_req, res) => void res.send('before'));
      if (mount === '') app.use(middleware);
      else app.use(mount, middleware);
      app.post('/after', (req, res) => void res.json({ after: req.body ?? null }));
      app.get('/mcp/deeper', (_req, res) => void res.send('deeper'));
      return app;
    },
  };
}

const bare: Host = {
  name: 'node:http alone',
  mount: '',
  host: (middleware) => (req, res) => middleware(req, res),
};

const hosts: readonly Host[] = [
  bare,
  ...([4, 5] as const).flatMap((version) =>
    (['', '/ai'] as const).flatMap((mount) =>
      (['none', 'json', 'text', 'raw'] as const).map((parser) => expressHost(version, mount, parser)),
    ),
  ),
];

const tools = [{ name: 'alpha' }, { name: 'beta' }];

describe.each(hosts)('$name', ({ mount, host }) => {
  const path = `${mount}/mcp`;

  it('serves an official client', async () => {
    await using server = await McpServer.start(await tableOf({ tools }), { host });
    const client = await connectClient(`${server.origin}${path}`);
    expect(await toolNames(client)).toEqual(['alpha', 'beta']);
    const result = await client.callTool({ name: 'alpha', arguments: { body: { a: 1 } } });
    expect(JSON.stringify(result)).toContain('/alpha');
    await client.close();
  });

  it('serves both eras, with a query and a trailing slash too', async () => {
    await using server = await McpServer.start(await tableOf({ tools }), { host });
    for (const target of [path, `${path}/`, `${path}?a=/x`, `${path}/?`]) {
      const legacy = await sendRaw(server.port, { path: target, headers: LEGACY, body: rpc('tools/list') });
      expect(legacy.status).toBe(200);
      const { request } = modern(
        'call',
        'tools/call',
        { params: call('beta') as object as never },
        { status: 200 },
      );
      const answer = await sendRaw(server.port, { ...request, path: target });
      expect(answer.body.toString()).toContain('/beta');
    }
  });

  it('leaves other paths alone', async () => {
    await using server = await McpServer.start(await tableOf({ tools }), { host });
    for (const target of ['/nothing', `${path}s`, `${path}//`, `/x${path}`, '/MCP', `${path}%2f`, '/']) {
      expect((await sendRaw(server.port, { path: target, headers: LEGACY, body: '{}' })).status).toBe(404);
    }
  });
});

describe.each(hosts.filter((host) => host !== bare))('$name', ({ host }) => {
  it('keeps the host’s own routes, their bodies and their 404s', async () => {
    await using server = await McpServer.start(await tableOf({ tools }), { host });
    const before = await sendRaw(server.port, { method: 'GET', path: '/before' });
    expect([before.status, before.body.toString()]).toEqual([200, 'before']);
    const deeper = await sendRaw(server.port, { method: 'GET', path: '/mcp/deeper' });
    expect([deeper.status, deeper.body.toString()]).toEqual([200, 'deeper']);
    const after = await sendRaw(server.port, {
      path: '/after',
      headers: { 'Content-Type': 'application/json' },
      body: '{"a":1}',
    });
    expect(after.status).toBe(200);
    const missing = await sendRaw(server.port, { method: 'GET', path: '/missing' });
    expect(missing.headers['content-type']).toContain('text/html');
    expect(missing.status).toBe(404);
  });
});

describe('host that has answered already', () => {
  it('is left alone', async () => {
    const host =
      (middleware: Middleware): RequestListener =>
      (req, res) => {
        res.writeHead(418);
        middleware(req, res);
        res.end('mine');
      };
    await using server = await McpServer.start(await tableOf({ tools }), { host });
    const answer = await sendRaw(server.port, { headers: LEGACY, body: rpc('tools/list') });
    expect([answer.status, answer.body.toString()]).toEqual([418, 'mine']);
  });
});

describe('host with express.json()', () => {
  it('answers bad JSON itself, outside of MCP', async () => {
    const { host } = expressHost(5, '', 'json');
    await using server = await McpServer.start(await tableOf({ tools }), { host });
    const answer = await sendRaw(server.port, { headers: LEGACY, body: '{' });
    expect(answer.status).toBe(400);
  });

  it.each([4, 5] as const)('does not hide that a body is no JSON (Express %s)', async (version) => {
    const { host } = expressHost(version, '', 'json');
    await using server = await McpServer.start(await tableOf({ tools }), { host });
    const headers = { ...LEGACY, 'Content-Type': 'text/plain' };
    expect((await sendRaw(server.port, { headers, body: rpc('tools/list') })).status).toBe(415);
    const empty = await sendRaw(server.port, { headers: LEGACY, body: '' });
    expect(empty.status).toBe(400);
  });
});
