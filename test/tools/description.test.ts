import { describe, expect, test } from 'vitest';
import { toolDescription, visibleText } from '../../lib/tools/description.js';

const OPTIONS = { description_max_length: 40, description_truncation_suffix: '...' };
const REQUEST = {
  summary: 'List pets',
  description: 'All of them.',
  deprecated: false,
  operation: 'GET /pets',
};

describe('the description of a tool', () => {
  test.each([
    ['summary, then description', {}, 'List pets\n\nAll of them.'],
    ['the summary is not said twice', { description: 'List pets of a shop.' }, 'List pets of a shop.'],
    ['the summary alone', { description: '' }, 'List pets'],
    ['the description alone', { summary: '' }, 'All of them.'],
    ['the operation where nothing is said', { summary: '', description: ' \n ' }, 'GET /pets'],
    ['deprecated operations say so first', { deprecated: true, description: '' }, '[DEPRECATED] List pets'],
  ])('%s', (_, changes, expected) => {
    expect(toolDescription({ ...REQUEST, ...changes }, OPTIONS)).toBe(expected);
  });

  test('is cut to the limit, suffix included', () => {
    const text = toolDescription({ ...REQUEST, summary: '', description: 'x'.repeat(100) }, OPTIONS);
    expect(text).toBe(`${'x'.repeat(37)}...`);
  });

  test('is never cut inside a character', () => {
    const text = toolDescription(
      { ...REQUEST, summary: '', description: `${'x'.repeat(36)}😀😀😀` },
      OPTIONS,
    );
    expect(text).toBe(`${'x'.repeat(36)}...`);
  });

  test('has no limit with 0', () => {
    const options = { ...OPTIONS, description_max_length: 0 };
    expect(
      toolDescription({ ...REQUEST, summary: '', description: 'x'.repeat(5_000) }, options),
    ).toHaveLength(5_000);
  });
});

describe('what a reader cannot see', () => {
  test.each([
    ['control characters', 'a\u0000b\u001b[31mc\u007f\u0085', 'ab[31mc'],
    ['bidirectional overrides', 'safe\u202egnp.exe\u202c', 'safegnp.exe'],
    ['isolates', '\u2066x\u2069', 'x'],
    ['zero-width characters', 'a\u200bb\u200dc\ufeffd\u2060e', 'abcde'],
    ['the tag block', `x${'\u{e0041}\u{e0042}'}y`, 'xy'],
    ['supplementary variation selectors', `x${'\u{e0101}'}y`, 'xy'],
    ['soft hyphens', 'a\u00adb', 'ab'],
  ])('%s are removed', (_, text, expected) => {
    expect(visibleText(text)).toBe(expected);
  });

  test.each([
    ['line feeds and tabs', 'a\n\tb', 'a\n\tb'],
    ['carriage returns as line feeds', 'a\r\nb\rc', 'a\nb\nc'],
    ['other scripts and emoji', 'Größe, 名前, 👍🏽', 'Größe, 名前, 👍🏽'],
  ])('%s stay', (_, text, expected) => {
    expect(visibleText(text)).toBe(expected);
  });

  test('half a surrogate pair is replaced', () => {
    expect(visibleText('a\ud800b')).toBe('a\ufffdb');
  });
});
