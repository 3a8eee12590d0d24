import { createRequire } from 'node:module';

const { version: packageVersion } = createRequire(import.meta.url)('mcp-anything/package.json') as {
  readonly version: string;
};

/** Of this package. It resolves itself by name, so that this works from the source, from `dist/` and installed. */
export const version: string = packageVersion;
