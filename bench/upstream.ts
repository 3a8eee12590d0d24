import { createServer } from 'node:http';

/** The API behind every candidate, in a process of its own: `GET /items/{id}` answers a small JSON object. */
const server = createServer((req, res) => {
  req.resume();
  const id = /^\/items\/(\d+)/.exec(req.url ?? '')?.[1];
  const body = JSON.stringify(
    id === undefined
      ? { error: 'not found' }
      : {
          id: Number(id),
          name: `Item ${id}`,
          price: 12.5,
          currency: 'EUR',
          tags: ['a', 'b'],
          available: true,
        },
  );
  res.writeHead(id === undefined ? 404 : 200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  });
  res.end(body);
});

server.keepAliveTimeout = 60_000;
server.listen(Number(process.argv[2]), '127.0.0.1');
