import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository; this file runs from `bench/dist`. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const CANDIDATES = new URL('./candidates/', import.meta.url);
export const CANDIDATE_SOURCES = new URL('../candidates/', import.meta.url);
export const CANDIDATE_PROCESS = fileURLToPath(new URL('./candidateProcess.js', import.meta.url));
export const PROBE = new URL('./probe.js', import.meta.url).href;
export const UPSTREAM = fileURLToPath(new URL('./upstream.js', import.meta.url));
export const SIDECAR = join(ROOT, 'dist/sidecar/main.js');
export const DOCKERFILE = join(ROOT, 'sidecar/Dockerfile');
export const TYPESCRIPT = join(ROOT, 'node_modules/typescript/bin/tsc');
/** Peers are installed here: removed with node_modules, and never a dependency. */
export const PEERS = join(ROOT, 'node_modules/.cache/bench-peers');
export const RESULTS = join(ROOT, 'bench/results');
export const PERFORMANCE_PAGE = join(ROOT, 'docs/performance.md');

/** GitHub's document: 13 MB, 1,223 operations. */
export const GITHUB = packagedFile('@octokit/openapi', 'generated/api.github.com.json');

/** The package exports no file of its own, so that it is looked for where Node looks. */
function packagedFile(name: string, path: string): string {
  for (const folder of createRequire(import.meta.url).resolve.paths(name) ?? []) {
    const file = join(folder, name, path);
    if (existsSync(file)) return file;
  }
  throw new Error(`${name} is not installed: run npm install first`);
}
