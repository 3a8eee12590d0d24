import { ACCEPT_ENCODING } from '../../lib/call/contentDecoding.js';
import { headerOf, type RecordedRequest } from '../support/echoServer.js';

/** One row of the table: what is called, and the request that must come out of it. */
export interface WireRule {
  readonly rule: string;
  readonly tool: string;
  readonly args: Record<string, unknown>;
  /**
   * Method and target, headers that say something, body, separated by ` | `. Line breaks of a body are `⏎`, a
   * multipart boundary is `B`. `refused: …` where nothing may be sent.
   */
  readonly expected: string;
}

/** Sent with every request; `unusualHeaders` says where one is not as it always is. */
const USUAL: Readonly<Record<string, string>> = {
  accept: '*/*',
  'accept-encoding': ACCEPT_ENCODING,
  connection: 'keep-alive',
  'user-agent': 'mcp-anything',
};

/** The whole request as the table writes it: nothing that was sent is left out. */
export function requestText(request: RecordedRequest, host: string): string {
  const boundary = /boundary=(\S+)/.exec(headerOf(request, 'content-type') ?? '')?.[1];
  const neutral = (text: string) => (boundary === undefined ? text : text.replaceAll(boundary, 'B'));
  const headers = unusualHeaders(request, host).map(([name, value]) => `${name}: ${neutral(value)}`);
  const body = neutral(request.body.toString('latin1')).replaceAll('\r\n', '⏎');
  return [request.line.replace(/ HTTP\/1\.1$/, ''), ...headers, body]
    .filter((part) => part !== '')
    .join(' | ');
}

function unusualHeaders(request: RecordedRequest, host: string): (readonly [string, string])[] {
  const usual: Record<string, string> = { ...USUAL, host };
  const { length } = request.body;
  const [method = ''] = request.line.split(' ', 1);
  // RFC 9110 §8.6: a request that could have a body says that it has none.
  if (length > 0 || /^(?:POST|PUT|PATCH)$/.test(method)) usual['content-length'] = String(length);
  const missing = Object.keys(usual).filter((name) => headerOf(request, name) === undefined);
  return [
    ...missing.map((name) => [name, 'MISSING'] as const),
    ...request.headers
      .map(([name, value]) => [name.toLowerCase(), value] as const)
      .filter(([name, value]) => usual[name] !== value),
  ];
}

/** Rows under a heading, columns one below the other, nothing invisible. */
export function tableText(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [heading, ...rows].map((row) => row.map(printable));
  const widths = heading.map((_, column) =>
    Math.min(90, Math.max(...cells.map((row) => row[column]?.length ?? 0))),
  );
  const lines = cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return `\n${lines.join('\n')}\n`;
}

function printable(text: string): string {
  return text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    /[\u0000-\u001f\u007f-\u00ff]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}
