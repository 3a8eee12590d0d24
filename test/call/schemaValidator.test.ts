import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { compileValidator } from '../../lib/call/schemaValidator.js';
import { collectGarbage } from '../support/garbage.js';

test('validators in use do not keep the schemas of those that went', async () => {
  const properties: WeakRef<object>[] = [];
  const compile = (index: number) => {
    const own = { id: { type: 'string', description: `number ${index}`, maxLength: 3 } };
    properties.push(new WeakRef(own));
    return compileValidator({ type: 'object', properties: own }, 'complete');
  };
  const inUse = [];
  for (let index = 0; index < 600; index += 1) {
    const validator = compile(index);
    if (index % 200 === 0) inUse.push(validator);
  }
  // A WeakRef keeps what it was made of until the end of the turn.
  await setImmediate();
  collectGarbage();
  const kept = properties.filter((reference) => reference.deref() !== undefined);
  // Those in use, and some that were compiled beside them.
  expect(kept.length).toBeLessThan(100);
  for (const validator of inUse) expect(validator({ id: 'long' })).toHaveLength(1);
});
