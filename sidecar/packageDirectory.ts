import { createRequire } from 'node:module';
import { dirname } from 'node:path';

/**
 * Where the package lies; its `examples/` are found from here. It resolves itself by name, so that this works from
 * `dist/` and when installed.
 */
export const packageDirectory = dirname(createRequire(import.meta.url).resolve('mcp-anything/package.json'));
