import { once } from 'node:events';
import express from 'express';
import { type Candidate, ENDPOINT } from '../candidate.js';
import { itemProxy } from '../floor.js';

export default {
  title: 'bare Express route + undici',
  role: 'reference',
  transport: 'post',
  lists: false,
  async serve({ upstream, port }) {
    const app = express();
    app.post(ENDPOINT, itemProxy(upstream));
    const server = app.listen(port, '127.0.0.1');
    await once(server, 'listening');
  },
} satisfies Candidate;
