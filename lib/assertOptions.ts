import type { McpAnythingOptions } from './mcpAnything.js';

/** By the names that `typeof` has; config and values of the host's own are looked at where they are used. */
const OPTION_TYPES: Readonly<Record<keyof McpAnythingOptions, readonly string[]>> = {
  config: ['string', 'object'],
  directory: ['string'],
  env: ['object'],
  logger: ['object'],
  registry: ['object'],
  watch: ['boolean'],
  use: ['string'],
  compileIn: ['string'],
  fastPath: ['boolean'],
  onToolCall: ['function'],
};

/**
 * A misspelt option of JavaScript code would otherwise do nothing.
 * @throws TypeError
 */
export function assertOptions(options: McpAnythingOptions): void {
  if (typeof options !== 'object' || options === null) throw new TypeError('mcpAnything: must get an object');
  for (const [name, value] of Object.entries(options)) {
    const types = OPTION_TYPES[name as keyof McpAnythingOptions];
    if (types === undefined) {
      const known = Object.keys(OPTION_TYPES).join(', ');
      throw new TypeError(`mcpAnything: "${name}" is not an option; there are ${known}`);
    }
    if (value !== undefined && !types.includes(typeof value)) {
      throw new TypeError(
        `mcpAnything: "${name}" must be of type ${types.join(' or ')}, got ${typeof value}`,
      );
    }
  }
  const { config, use = 'middleware', compileIn = 'thread' } = options;
  if (config === undefined || config === null) throw new TypeError('mcpAnything: "config" is missing');
  if (!['middleware', 'sidecar'].includes(use)) {
    throw new TypeError(`mcpAnything: "use" must be middleware or sidecar, got ${use}`);
  }
  if (!['thread', 'process'].includes(compileIn)) {
    throw new TypeError(`mcpAnything: "compileIn" must be thread or process, got ${compileIn}`);
  }
}
