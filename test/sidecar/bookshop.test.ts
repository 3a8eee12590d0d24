import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { load } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createBookshop } from '../../sidecar/bookshop.js';

interface Operation {
  readonly responses: Readonly<Record<string, unknown>>;
}

const document = load(
  readFileSync(new URL('../../examples/quickstart/openapi.yaml', import.meta.url), 'utf8'),
) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
};

const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item)
    .filter(([method]) => method !== 'parameters')
    .map(([method, { responses }]) => ({
      method: method.toUpperCase(),
      path,
      statuses: Object.keys(responses),
    })),
);

let server: Server;
let url: string;

beforeAll(async () => {
  server = createBookshop().listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.close();
});

function ask(method: string, path: string, body?: unknown): Promise<Response> {
  return fetch(url + path, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
}

describe('the demo API', () => {
  test('answers every operation of its document with a documented status', async () => {
    const bodies: Readonly<Record<string, unknown>> = {
      '/books': { title: 'Emma', author: 'Jane Austen', genre: 'novel', price: 10 },
      '/orders': { customer: 'Ada', lines: [{ bookId: 2, copies: 2 }] },
    };
    expect(operations).toHaveLength(8);
    for (const { method, path, statuses } of operations) {
      const real = path.replace('{bookId}', '5').replace('{orderId}', 'order-1');
      const { status } = await ask(method, real, method === 'POST' ? bodies[path] : undefined);
      expect(statuses, `${method} ${path}`).toContain(String(status));
    }
    expect((await ask('POST', '/reset')).status).toBe(204);
  });

  test('finds books by genre and words, cheapest first', async () => {
    const titles = async (query: string) =>
      ((await (await ask('GET', `/books?${query}`)).json()) as { title: string }[]).map(({ title }) => title);
    expect(await titles('genre=poetry&genre=science')).toEqual([
      'Leaves of Grass',
      'On the Origin of Species',
    ]);
    expect(await titles('search=darwin')).toEqual(['The Voyage of the Beagle', 'On the Origin of Species']);
    expect(await titles('limit=1')).toEqual(['Leaves of Grass']);
  });

  test('adds up an order', async () => {
    const placed = await ask('POST', '/orders', {
      customer: 'Ada',
      lines: [{ bookId: 1, copies: 2 }, { bookId: 2 }],
    });
    expect(await placed.json()).toMatchObject({ customer: 'Ada', total: 34 });
  });

  test.each([
    ['a book that is not there', 'GET', '/books/99', undefined, 404],
    ['a page that is not there', 'GET', '/films', undefined, 404],
    ['a book without a price', 'POST', '/books', { title: 'T', author: 'A', genre: 'novel' }, 422],
    ['an order of nothing', 'POST', '/orders', { customer: 'Ada' }, 422],
    ['an order of an unknown book', 'POST', '/orders', { customer: 'Ada', lines: [{ bookId: 99 }] }, 404],
  ])('answers %s with problem details', async (_case, method, path, body, status) => {
    const response = await ask(method, path, body);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({
      status,
      title: expect.any(String),
      detail: expect.any(String),
    });
  });
});
