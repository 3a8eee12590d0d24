import { afterAll, beforeAll, expect, test } from 'vitest';
import { GITHUB, REAL_DOCUMENTS } from '../support/realDocuments.js';
import { RealRequests } from './realRequests.js';
import { writeFileSync } from 'node:fs';

const DOCUMENTS = REAL_DOCUMENTS.filter((document) => process.env['ONLY'] === undefined ? document !== GITHUB : document.name.includes(process.env['ONLY']));
let requests: RealRequests;
const all: unknown[] = [];
let start = performance.now();
beforeAll(async () => {
  requests = await RealRequests.start(DOCUMENTS);
  console.log('start', performance.now() - start); start = performance.now();
}, 120_000);
afterAll(async () => { console.log('calls', performance.now() - start, process.cpuUsage()); writeFileSync('/tmp/refusals.json', JSON.stringify(all, null, 1)); await requests[Symbol.asyncDispose](); });

test.each(DOCUMENTS.map((document) => ({ document, name: document.name })))('$name', async ({ document }) => {
  const { total, refusals } = await requests.callAll(document);
  all.push([document.name, total, refusals]);
  expect(refusals).toEqual([]);
}, 120_000);
