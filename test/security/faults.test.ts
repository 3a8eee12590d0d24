import { afterAll, beforeAll, expect, it } from 'vitest';
import { collectGarbage } from '../support/garbage.js';
import { until } from '../support/until.js';
import { argumentFaults } from './faults/argumentFaults.js';
import { callerFaults } from './faults/callerFaults.js';
import { configFaults } from './faults/configFaults.js';
import { type Fault, FaultWorld } from './faults/faultWorld.js';
import { refusedDocuments } from './faults/refusedDocuments.js';
import { tamedDocuments } from './faults/tamedDocuments.js';
import { tokenFaults } from './faults/tokenFaults.js';
import { upstreamFaults } from './faults/upstreamFaults.js';

/** Those that take a thread and a moment each, and change what is in force; what is refused comes first. */
const SLOW: readonly Fault[] = [...refusedDocuments, ...configFaults, ...tamedDocuments];
/** Those that are run again, to see what they leave behind. */
const QUICK: readonly Fault[] = [...callerFaults, ...argumentFaults, ...upstreamFaults, ...tokenFaults];

interface Row {
  readonly fault: Fault;
  readonly got: string;
  readonly holds: boolean;
}

let world: FaultWorld;
beforeAll(async () => {
  world = await FaultWorld.start();
});
afterAll(() => world[Symbol.asyncDispose]());

async function outcomeOf(fault: Fault): Promise<Row> {
  let got: string;
  try {
    got = await fault.run(world);
  } catch (error) {
    got = `threw ${error}`;
  }
  await world.restore();
  const served = await world.listed('/items');
  if (served !== 'getItem,postBody') got = `${got}; then /items: ${served}`;
  if ('polluted' in {} || Object.keys(Object.prototype).length > 0) got = `${got}; prototypes are changed`;
  const { required } = fault;
  return { fault, got, holds: typeof required === 'string' ? got === required : required.test(got) };
}

async function outcomesOf(faults: readonly Fault[]): Promise<Row[]> {
  const rows: Row[] = [];
  // One after another: what one fault does must not be mistaken for the doing of the next.
  for (const fault of faults) rows.push(await outcomeOf(fault));
  return rows;
}

function tableOf(rows: readonly Row[]): string {
  const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ').slice(0, 110);
  const lines = rows.map(({ fault: { area, input, required }, got, holds }) =>
    ['', area, input, String(required), got, holds ? 'holds' : 'FAILS', '']
      .map((text) => cell(text))
      .join(' | ')
      .trim(),
  );
  return ['| area | input | required | got | |', '|---|---|---|---|---|', ...lines].join('\n');
}

/** Bytes in use after everything that can be let go of is. */
function heapUsed(): number {
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

function handles(): number {
  return process.getActiveResourcesInfo().filter((name) => !/^(Immediate|Timeout|Pipe|TTY)/.test(name))
    .length;
}

it('every hostile input and fault has the outcome that is required, and leaves nothing behind', async () => {
  // The first turn fills caches that are meant to be kept.
  const slow = await outcomesOf(SLOW);
  await world.restoreDocument();
  const first = [...slow, ...(await outcomesOf(QUICK))];
  console.log(tableOf(first));
  expect(first.length).toBeGreaterThanOrEqual(60);
  expect(first.filter(({ holds }) => !holds).map(({ fault, got }) => `${fault.input}: ${got}`)).toEqual([]);

  await world.settled();
  const memory = heapUsed();
  const before = handles();
  const second = await outcomesOf(QUICK);
  expect(second.filter(({ holds }) => !holds).map(({ fault, got }) => `${fault.input}: ${got}`)).toEqual([]);
  await world.settled();
  await until(() => handles() <= before, {
    within: 10_000,
    what: () => `${before} handles, there are ${handles()}`,
  });
  expect(heapUsed() - memory).toBeLessThan(8 * 1024 * 1024);
  expect(await world.listed('/items')).toBe('getItem,postBody');
  expect(await world.listed('/victim')).toBe('one');
}, 180_000);
