import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Candidate } from '../candidate.js';
import { SIDECAR } from '../paths.js';
import { proxyConfig } from '../proxyConfig.js';

/** The sidecar as it is installed, with the log level it has by default. */
export default {
  title: 'mcp-anything, sidecar',
  role: 'ours',
  transport: 'post',
  lists: true,
  resources: true,
  command(setting) {
    const config = join(setting.directory, 'mcp.json');
    writeFileSync(config, JSON.stringify(proxyConfig(setting)));
    return {
      args: [SIDECAR, 'serve', '--config', config, '--host', '127.0.0.1', '--port', String(setting.port)],
    };
  },
} satisfies Candidate;
