import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Candidate } from '../candidate.js';

/** As much of fastmcp as is used here: it is no dependency of the project. */
interface FastMcpOpenApi {
  fromOpenAPI(options: {
    readonly spec: object;
    readonly baseUrl: string;
    readonly maxTools: number;
  }): Promise<{ start(options: object): Promise<void> }>;
}

export default {
  title: 'fastmcp, fromOpenAPI',
  role: 'peer',
  transport: 'post',
  lists: true,
  resources: true,
  packages: ['fastmcp@4.20.16'],
  async serve({ packages, document, upstream, port }) {
    const file = join(packages, 'node_modules/fastmcp/dist/openapi/index.js');
    const { fromOpenAPI } = (await import(pathToFileURL(file).href)) as FastMcpOpenApi;
    const spec = JSON.parse(readFileSync(document, 'utf8')) as object;
    const server = await fromOpenAPI({ spec, baseUrl: upstream, maxTools: 10_000 });
    await server.start({
      transportType: 'httpStream',
      httpStream: { host: '127.0.0.1', port, stateless: true, enableJsonResponse: true },
    });
  },
} satisfies Candidate;
