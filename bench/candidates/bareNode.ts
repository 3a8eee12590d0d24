import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Candidate } from '../candidate.js';
import { itemProxy } from '../floor.js';

export default {
  title: 'bare node:http + undici (the floor)',
  role: 'floor',
  transport: 'post',
  lists: false,
  async serve({ upstream, port }) {
    const server = createServer(itemProxy(upstream)).listen(port, '127.0.0.1');
    await once(server, 'listening');
  },
} satisfies Candidate;
