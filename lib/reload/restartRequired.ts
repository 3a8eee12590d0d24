import type { ServerConfig } from '../config/config.js';

/** Settings that the listener was started with; everything else of `server` applies with the next table. */
const STATIC_KEYS = [
  'host',
  'port',
  'read_timeout',
  'write_timeout',
  'metrics_path',
  'admin_port',
  'admin_host',
  'admin_reload',
] as const satisfies readonly (keyof ServerConfig)[];

/** The settings that differ from those in force and wait for a restart: `server.port`, … */
export function restartRequired(inForce: ServerConfig, next: ServerConfig): string[] {
  return STATIC_KEYS.filter((key) => inForce[key] !== next[key]).map((key) => `server.${key}`);
}
