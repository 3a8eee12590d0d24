import { CallToolResultSchema } from '@modelcontextprotocol/sdk/types.js';
import { describe, expect, it } from 'vitest';
import type { CallToolResult } from '../../lib/call/callToolResult.js';
import { resultText } from '../../lib/mcp/regularResult.js';

/** What the SDK of the 2025 era writes. */
const bySdk = (result: object): string => JSON.stringify(CallToolResultSchema.parse(result));

const regular: Record<string, object> = {
  'a text': { content: [{ type: 'text', text: 'é😀\u2028"\\\u0000' }] },
  'no content': { content: [] },
  'a text in another order': { content: [{ text: 'x', type: 'text' }] },
  'an image in another order': { content: [{ mimeType: 'image/png', data: 'aGk=', type: 'image' }] },
  audio: { content: [{ type: 'audio', data: 'aGk=', mimeType: 'audio/mpeg' }] },
  bytes: { content: [{ type: 'resource', resource: { mimeType: 'x/y', blob: 'aGk=', uri: 'a:b' } }] },
  'a text resource': {
    content: [{ resource: { text: 't', uri: 'a:b', mimeType: 'x/y' }, type: 'resource' }],
  },
  'structured content': { content: [], structuredContent: { b: 1, 2: 2, a: { c: null } } },
  'an error': { isError: true, content: [{ type: 'text', text: 'no' }] },
  'not an error': { isError: false, content: [] },
  meta: { content: [], _meta: { 'mcp-anything/status': 404, 'mcp-anything/next-page': { a: 1 } } },
  'empty meta': { content: [], _meta: {} },
  everything: {
    _meta: { 'mcp-anything/status': 200 },
    isError: false,
    structuredContent: { a: 1 },
    content: [{ type: 'text', text: 'x' }],
  },
};

const irregular: Record<string, object> = {
  'an unknown block': { content: [{ type: 'video', data: 'x' }] },
  'a link': { content: [{ type: 'resource_link', name: 'n', uri: 'a:b' }] },
  'an annotated text': { content: [{ type: 'text', text: 'x', annotations: { priority: 1 } }] },
  'a text with meta': { content: [{ type: 'text', text: 'x', _meta: {} }] },
  'a text that is a number': { content: [{ type: 'text', text: 5 }] },
  'an image without a type': { content: [{ type: 'image', data: 'aGk=' }] },
  'a resource without a type': { content: [{ type: 'resource', resource: { uri: 'a:b', blob: 'aGk=' } }] },
  'a block that is none': { content: [null] },
  'foreign meta': { content: [], _meta: { progressToken: 1 } },
  'a foreign member': { content: [], extra: 1 },
  'a list as structured content': { content: [], structuredContent: [1] },
  '__proto__ in structured content': { content: [], structuredContent: JSON.parse('{"__proto__":1,"a":2}') },
};

describe('result of a call', () => {
  it.each(Object.entries(regular))('%s is written as the SDK writes it', (_name, result) => {
    expect(resultText(result as CallToolResult, null)).toBe(bySdk(result));
  });

  it.each(Object.entries(irregular))('%s is left to the SDK', (_name, result) => {
    expect(resultText(result as CallToolResult, null)).toBeNull();
    expect(resultText(result as CallToolResult, '"x":1')).toBeNull();
  });
});
