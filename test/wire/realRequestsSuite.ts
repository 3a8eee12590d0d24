import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseText } from '../../lib/yaml.js';
import { REAL_DOCUMENTS, type RealDocument } from '../support/realDocuments.js';
import { KNOWN_EXCEPTIONS, type KnownException } from './knownExceptions.js';
import { type Outcome, RealRequests, type Refusal, shortName } from './realRequests.js';
import { tableText } from './wireRule.js';

/** `COMPLETE=1`: every operation of every file, however long it takes. */
const COMPLETE = process.env['COMPLETE'] === '1';

/**
 * Calls the operations of the documents through the official client and the proxy, and asks the independent
 * validator about every request that comes out. A YAML file that holds the same document as a JSON file is not
 * called a second time.
 *
 * @param step 3 = every third operation, unless all of them are asked for.
 */
export function describeRealRequests(documents: readonly RealDocument[], step = 1): void {
  const forms = new Map(documents.map((document) => [document, COMPLETE ? null : formInJson(document)]));
  const called = documents.filter((document) => forms.get(document) === null);
  const shares = new Map<RealDocument, readonly string[]>();

  describe('every operation can be called as its document says', () => {
    let requests: RealRequests;
    beforeAll(async () => {
      requests = await RealRequests.start(called);
    }, 120_000);

    afterAll(async () => {
      await requests[Symbol.asyncDispose]();
      const rows = documents.map((document) => [
        document.name,
        ...(shares.get(document) ?? ['', '', `the same document as ${forms.get(document)?.name}`]),
      ]);
      process.stdout.write(tableText(['document', 'valid', 'share', 'not valid, and why'], rows));
    });

    test.each(called.map((document) => ({ document, title: document.name })))(
      '$title',
      async ({ document }) => {
        const outcome = await requests.callAll(document, COMPLETE ? 1 : step);
        const known = KNOWN_EXCEPTIONS.filter((exception) => exception.document === shortName(document));
        shares.set(document, shareOf(outcome, known));
        expect(sorted(outcome.refusals)).toEqual(sorted(known.flatMap(refusalsOf)));
      },
      120_000,
    );
  });
}

function refusalsOf({ operations, problem }: KnownException): Refusal[] {
  return Object.entries(operations).map(([operation, sent]) => ({
    operation,
    problem: expect.stringMatching(problem) as string,
    sent: sent ?? (expect.toBeOneOf([null, expect.any(String)]) as string),
  }));
}

function shareOf({ total, called, refusals }: Outcome, known: readonly KnownException[]): string[] {
  const valid = called - refusals.length;
  const share = called === 0 ? '-' : `${((100 * valid) / called).toFixed(1)} %`;
  const reasons = known.map(
    ({ operations, fault, reason }) => `${Object.keys(operations).length} by the ${fault}: ${reason}`,
  );
  return [`${valid}/${called}${called < total ? ` of ${total}` : ''}`, share, reasons.join('; ')];
}

function sorted(refusals: readonly Refusal[]): readonly Refusal[] {
  return [...refusals].sort((a, b) => (a.operation < b.operation ? -1 : 1));
}

/** The JSON file that says the same, word for word. */
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
