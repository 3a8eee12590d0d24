import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadCandidates } from './candidates.js';
import { writeDocuments } from './documents.js';
import { freePort } from './freePort.js';
import { describeMachine } from './machine.js';
import { MeasuredProcess } from './measuredProcess.js';
import type { Measurements, Parts } from './measurements.js';
import type { Stage } from './part.js';
import { measureChanges } from './parts/changes.js';
import { measureMemory } from './parts/memory.js';
import { measureReloading } from './parts/reloading.js';
import { measureCalls, measureLists } from './parts/requests.js';
import { measureStartUp } from './parts/startUp.js';
import { PERFORMANCE_PAGE, RESULTS, UPSTREAM } from './paths.js';
import { replaceSection, report } from './report.js';

const MEASURES = {
  call: measureCalls,
  list: measureLists,
  reload: measureReloading,
  change: measureChanges,
  memory: measureMemory,
  start: measureStartUp,
} satisfies { [part in keyof Parts]-?: (stage: Stage) => Promise<Parts[part]> };

const PART_NAMES = Object.keys(MEASURES) as (keyof Parts)[];

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: PART_NAMES.join(',') },
    candidates: { type: 'string', default: '' },
    quick: { type: 'boolean', default: false },
    record: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  console.log(`npm run bench -- [--only ${PART_NAMES.join(',')}] [--candidates sidecar,naive,…] [--quick] [--record]

  --only        parts to run; all by default
  --candidates  files of bench/candidates to take part; all by default
  --quick       one short round of each: shows that everything works, its figures mean little
  --record      write bench/results and the table in docs/performance.md`);
} else {
  await run();
}

async function run(): Promise<void> {
  const parts = chosen(values.only, PART_NAMES);
  const all = await loadCandidates();
  const names = all.map(({ name }) => name);
  const wanted = new Set(values.candidates === '' ? names : chosen(values.candidates, names));
  const candidates = all.filter(({ name }) => wanted.has(name));
  const { quick } = values;
  const machine = describeMachine(candidates);
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const port = await freePort();
  const upstream = new MeasuredProcess([UPSTREAM, String(port)]);
  try {
    say('making the documents');
    const stage: Stage = {
      candidates,
      upstream: `http://127.0.0.1:${port}`,
      documents: await writeDocuments(folder),
      rounds: quick ? 1 : 3,
      seconds: quick ? 1 : 4,
      quick,
      say,
    };
    const measured: Parts = {};
    for (const part of parts) {
      say(`— ${part} —`);
      Object.assign(measured, { [part]: await MEASURES[part](stage) });
    }
    finish({
      date: new Date().toISOString(),
      quick,
      machine,
      candidates: Object.fromEntries(
        candidates.map(({ name, candidate: { title, role } }) => [name, { title, role }]),
      ),
      parts: measured,
    });
  } finally {
    await upstream.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function finish(measurements: Measurements): void {
  const text = report(measurements);
  console.log(`\n${text}`);
  if (!values.record) return;
  mkdirSync(RESULTS, { recursive: true });
  const file = join(RESULTS, `${measurements.date.slice(0, 10)}.json`);
  writeFileSync(file, `${JSON.stringify(measurements, null, 2)}\n`);
  writeFileSync(PERFORMANCE_PAGE, replaceSection(readFileSync(PERFORMANCE_PAGE, 'utf8'), text));
  say(`recorded in ${file} and ${PERFORMANCE_PAGE}`);
}

function chosen<T extends string>(list: string, known: readonly T[]): T[] {
  return list.split(',').map((name) => {
    const found = known.find((candidate) => candidate === name.trim());
    if (found === undefined) throw new Error(`"${name}" is none of ${known.join(', ')}`);
    return found;
  });
}

/** Progress goes to stderr, so that stdout is the report alone. */
function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
