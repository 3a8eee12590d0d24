import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Candidate } from '../candidate.js';
import { DOCKERFILE, SIDECAR } from '../paths.js';
import { proxyConfig } from '../proxyConfig.js';

/** Node's options in the image. */
const [, ...ENTRYPOINT] = JSON.parse(
  /^ENTRYPOINT (\[.*\])$/m.exec(readFileSync(DOCKERFILE, 'utf8'))?.[1] ?? '[]',
) as string[];

/** The sidecar as the image runs it, with the log level it has by default. */
export default {
  title: 'mcp-anything, sidecar',
  role: 'ours',
  transport: 'post',
  lists: true,
  resources: true,
  command(setting) {
    const config = join(setting.directory, 'mcp.json');
    writeFileSync(config, JSON.stringify(proxyConfig(setting)));
    const command = ['serve', '--config', config, '--host', '127.0.0.1', '--port', String(setting.port)];
    return { args: [...ENTRYPOINT.slice(0, -1), SIDECAR, ...command] };
  },
} satisfies Candidate;
