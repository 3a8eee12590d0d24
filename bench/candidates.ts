import { readdirSync } from 'node:fs';
import type { Candidate } from './candidate.js';
import { CANDIDATE_SOURCES, CANDIDATES } from './paths.js';
import type { NamedCandidate } from './runningCandidate.js';

/** In the order of the report. */
const ROLES: readonly Candidate['role'][] = ['ours', 'floor', 'reference', 'naive', 'peer'];

/** Every file of `candidates/`. The sources are listed: an old build may hold more. */
export async function loadCandidates(): Promise<NamedCandidate[]> {
  const names = readdirSync(CANDIDATE_SOURCES)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.slice(0, -'.ts'.length))
    .sort();
  const candidates = await Promise.all(
    names.map(async (name): Promise<NamedCandidate> => {
      const module = new URL(`${name}.js`, CANDIDATES).href;
      const { default: candidate } = (await import(module)) as { default: Candidate };
      return { name, module, candidate };
    }),
  );
  return candidates.sort(
    (a, b) => ROLES.indexOf(a.candidate.role) - ROLES.indexOf(b.candidate.role) || (a.name < b.name ? 1 : -1),
  );
}
