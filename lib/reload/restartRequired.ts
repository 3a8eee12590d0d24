import type { ServerConfig } from '../config/config.js';

/** What the process was started with, and ends by; everything else of `server` applies with the next table. */
const STATIC_KEYS = [
  'host',
  'port',
  'read_timeout',
  'write_timeout',
  'shutdown_timeout',
  'shutdown_delay',
  'metrics_path',
  'admin_port',
  'admin_host',
  'admin_reload',
] as const satisfies readonly (keyof ServerConfig)[];

/** The settings that differ from those in force and wait for a restart: `server.port`, … */
export function restartRequired(inForce: ServerConfig, next: ServerConfig): string[] {
  return STATIC_KEYS.filter((key) => inForce[key] !== next[key]).map((key) => `server.${key}`);
}
