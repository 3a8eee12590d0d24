import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { CallToolRequestSchema, ListToolsRequestSchema, type Tool } from '@modelcontextprotocol/sdk/types.js';
import axios from 'axios';
import express, { type Request, type Response } from 'express';
import { type Candidate, ENDPOINT } from '../candidate.js';

/** How such a proxy is usually written: Express, `express.json()`, the SDK's stateless transport, axios. */
export default {
  title: 'naive: SDK + Express + axios',
  role: 'naive',
  transport: 'post',
  lists: true,
  resources: true,
  async serve({ upstream, tools: file, port }) {
    const tools = JSON.parse(readFileSync(file, 'utf8')) as Tool[];

    function createServer(): Server {
      const server = new Server({ name: 'naive', version: '1.0.0' }, { capabilities: { tools: {} } });
      server.setRequestHandler(ListToolsRequestSchema, () => ({ tools }));
      server.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
        const { data } = await axios.get(`${upstream}/items/${params.arguments?.['id']}`);
        return { content: [{ type: 'text', text: JSON.stringify(data) }] };
      });
      return server;
    }

    async function answer(req: Request, res: Response): Promise<void> {
      const server = createServer();
      const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true });
      res.on('close', () => {
        void transport.close();
        void server.close();
      });
      await server.connect(transport as Transport);
      await transport.handleRequest(req, res, req.body);
    }

    const app = express();
    app.use(express.json());
    app.post(ENDPOINT, answer);
    const server = app.listen(port, '127.0.0.1');
    await once(server, 'listening');
  },
} satisfies Candidate;
