import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';

const require = createRequire(import.meta.url);

/** A document that an npm package ships: what real APIs publish. */
export interface RealDocument {
  /** `@octokit/openapi/generated/api.github.com.json` */
  readonly name: string;
  readonly path: string;
}

/** GitHub's document: 13 MB, 1,223 operations. */
export const GITHUB = packaged('@octokit/openapi', 'generated/api.github.com.json');

/** Every document of the packages in devDependencies that the suite runs against. */
export const REAL_DOCUMENTS: readonly RealDocument[] = [
  GITHUB,
  packaged('@netlify/open-api', 'dist/swagger.json'),
  packaged('@figma/rest-api-spec', 'openapi/openapi.yaml'),
  packaged('@directus/specs', 'dist/openapi.json'),
  packaged('@scalar/galaxy', 'dist/latest.json'),
  packaged('@scalar/galaxy', 'dist/3.1.yaml'),
  ...examples(),
];

function packaged(name: string, path: string): RealDocument {
  return { name: `${name}/${path}`, path: join(rootOf(name), path) };
}

/** Packages that export no package.json are found by walking up from this file. */
function rootOf(name: string): string {
  for (const folder of require.resolve.paths(name) ?? []) {
    if (readdirIfAny(join(folder, name)).includes('package.json')) return join(folder, name);
  }
  throw new Error(`${name} is not installed`);
}

function readdirIfAny(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function examples(): RealDocument[] {
  const root = rootOf('@readme/oas-examples');
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(?:json|ya?ml)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => /^\d\.\d\//.test(relative(root, path)))
    .sort()
    .map((path) => ({ name: `@readme/oas-examples/${relative(root, path)}`, path }));
}

/** The folder a document is in, for relative references. */
export function folderOf(document: RealDocument): string {
  return dirname(document.path);
}
