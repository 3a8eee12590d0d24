import { createServer } from 'node:http';

/** The app of the example: a list of products in memory. */
const products = new Map([
  [1, { id: 1, name: 'Teapot', price: 24.5 }],
  [2, { id: 2, name: 'Cup', price: 6 }],
]);

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url ?? '/', 'http://shop');
  const id = /^\/products\/(\d+)$/.exec(pathname)?.[1];
  const product = products.get(Number(id));
  if (pathname === '/health') return answer(response, 200, { status: 'ok' });
  if (pathname === '/products') return answer(response, 200, [...products.values()]);
  if (product === undefined) return answer(response, 404, { message: 'no such product' });
  if (request.method === 'DELETE') products.delete(product.id);
  return answer(response, 200, product);
});

function answer(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

server.listen(Number(process.env.PORT ?? 3000));
process.on('SIGTERM', () => server.close());
