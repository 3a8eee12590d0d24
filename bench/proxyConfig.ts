import type { Setting } from './candidate.js';

/** The config of both ways to run mcp-anything: every default but what the benchmark has to say. */
export function proxyConfig({ upstream, document }: Setting): object {
  return {
    upstreams: [{ name: 'bench', tool_prefix: '', base_url: upstream, openapi: { source: document } }],
  };
}
