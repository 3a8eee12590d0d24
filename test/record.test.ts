import { describe, expect, it } from 'vitest';
import { emptyRecord } from '../lib/record.js';

describe('emptyRecord', () => {
  it('takes any name as a member of its own', () => {
    const record = emptyRecord<string>();
    for (const name of ['__proto__', 'constructor', 'toString']) record[name] = name;
    expect(Object.entries(record)).toEqual([
      ['__proto__', '__proto__'],
      ['constructor', 'constructor'],
      ['toString', 'toString'],
    ]);
  });

  it('inherits nothing', () => {
    const record = emptyRecord<string>();
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      expect(record[name]).toBeUndefined();
      expect(name in record).toBe(false);
    }
    expect(emptyRecord()).not.toBe(record);
  });
});
