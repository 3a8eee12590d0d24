import { createRequire } from 'node:module';
import { dirname } from 'node:path';

const require = createRequire(import.meta.url);
// The package resolves itself by name, so that this works from `dist/` and when installed.
const manifest = require.resolve('mcp-anything/package.json');

export const { version } = require(manifest) as { readonly version: string };

/** Where the package lies; its `examples/` are found from here. */
export const packageDirectory = dirname(manifest);
