import { join } from 'node:path';
import type { Candidate } from '../candidate.js';

/** Answers calls on the GET stream and the POST itself with 202: only a client that holds the stream gets answers. */
export default {
  title: '@ivotoby/openapi-mcp-server',
  role: 'peer',
  transport: 'client',
  lists: true,
  resources: true,
  packages: ['@ivotoby/openapi-mcp-server@1.16.1'],
  command({ packages, document, upstream, port }) {
    const main = join(packages, 'node_modules/@ivotoby/openapi-mcp-server/bin/mcp-server.js');
    const listen = ['--transport', 'http', '--host', '127.0.0.1', '--port', String(port)];
    return { args: [main, ...listen, '--openapi-spec', document, '--api-base-url', upstream] };
  },
} satisfies Candidate;
