import { readFileSync, writeFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseText } from '../../lib/yaml.js';
import { REAL_DOCUMENTS, type RealDocument } from '../support/realDocuments.js';
import { KNOWN_EXCEPTIONS, type KnownException } from './knownExceptions.js';
import { RealRequests, shortName } from './realRequests.js';
import { tableText } from './wireRule.js';

/** Call the YAML forms too, although they are the same documents: `COMPLETE=1`. */
const COMPLETE = process.env['COMPLETE'] === '1';

/**
 * For every operation of the documents: a call through the official client and the proxy, and the independent
 * validator's word on the request that came out.
 */
export function describeRealRequests(documents: readonly RealDocument[]): void {
  const called = documents.filter((document) => COMPLETE || formInJson(document) === null);
  const shares: string[][] = [];

  describe('every operation can be called as its document says', () => {
    let requests: RealRequests;
    beforeAll(async () => {
      const start = performance.now();
      requests = await RealRequests.start(called);
      console.log('start', performance.now() - start, process.cpuUsage());
    }, 120_000);
    afterAll(async () => {
      console.log('end', process.cpuUsage());
      await requests[Symbol.asyncDispose]();
      process.stdout.write(tableText(['document', 'valid', 'share', 'not valid, and why'], shares));
    });

    const cases = called.map((document) => ({ document, title: document.name }));
    test.each(cases)(
      '$title',
      async ({ document }) => {
        const { total, refusals } = await requests.callAll(document);
        if (process.env['DUMP'])
          writeFileSync(
            `/tmp/refusals/${document.name.replaceAll('/', '_')}.json`,
            JSON.stringify([document.name, total, refusals], null, 1),
          );
        const known = KNOWN_EXCEPTIONS.filter((exception) => exception.document === shortName(document));
        const explained = known.flatMap(({ operations, problem }) =>
          operations.map((operation) => ({ operation, problem: expect.stringMatching(problem) as unknown })),
        );
        shares.push(shareOf(document, total, refusals.length, known));
        expect(sorted(refusals)).toEqual(sorted(explained));
      },
      60_000,
    );
  });

  // `called` leaves out what is the same document once more.
  for (const document of documents) {
    if (!called.includes(document)) shares.push([document.name, '', '', `as ${formInJson(document)?.name}`]);
  }
}

function shareOf(
  document: RealDocument,
  total: number,
  refused: number,
  known: readonly KnownException[],
): string[] {
  const valid = total - refused;
  const share = total === 0 ? '-' : `${((100 * valid) / total).toFixed(1)} %`;
  const reasons = known.map(
    ({ operations, fault, reason }) => `${operations.length} by the ${fault}: ${reason}`,
  );
  return [document.name, `${valid}/${total}`, share, reasons.join('; ')];
}

function sorted<T extends { readonly operation: string }>(refusals: readonly T[]): readonly T[] {
  return [...refusals].sort((a, b) => (a.operation < b.operation ? -1 : 1));
}

/** The document that this one says the same as, word for word, in YAML. */
function formInJson({ path }: RealDocument): RealDocument | null {
  const json = path.replace('/yaml/', '/json/').replace(/\.yaml$/, '.json');
  const other = json === path ? undefined : REAL_DOCUMENTS.find((each) => each.path === json);
  if (other === undefined) return null;
  const same = isDeepStrictEqual(
    parseText(readFileSync(path, 'utf8')),
    JSON.parse(readFileSync(json, 'utf8')),
  );
  return same ? other : null;
}
