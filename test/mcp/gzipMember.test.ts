import { execFile } from 'node:child_process';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { acceptsGzip, gzipHead, gzipTail } from '../../lib/mcp/gzipMember.js';

const text = Buffer.from(
  JSON.stringify(Array.from({ length: 500 }, (_, index) => ({ index, name: 'tool' }))),
);

async function member(ending: Buffer): Promise<Buffer> {
  const head = await gzipHead(text);
  return Buffer.concat([head.bytes, gzipTail(head, ending)]);
}

describe('gzip member', () => {
  it.each([
    ['nothing', 0],
    ['a byte', 1],
    ['a full stored block', 65_535],
    ['a byte more than a stored block', 65_536],
    ['several stored blocks', 200_001],
  ])('decompresses to the text and an ending of %s', async (_name, length) => {
    const ending = Buffer.alloc(length, 'é"x');
    expect(gunzipSync(await member(ending)).equals(Buffer.concat([text, ending]))).toBe(true);
  });

  it('takes any number of endings behind one head', async () => {
    const head = await gzipHead(text);
    for (const ending of ['}', ',"id":1}', ',"id":"another"}']) {
      const whole = Buffer.concat([head.bytes, gzipTail(head, Buffer.from(ending))]);
      expect(gunzipSync(whole).toString()).toBe(`${text}${ending}`);
    }
  });

  it('is smaller than the text', async () => {
    expect((await member(Buffer.from('}'))).length).toBeLessThan(text.length / 3);
  });

  it('is a single member to Python, which checks sum and length', async () => {
    const program =
      'import gzip,sys,zlib\nraw=sys.stdin.buffer.read()\nd=zlib.decompressobj(31)\nd.decompress(raw)\n' +
      'assert d.eof and d.unused_data==b""\nsys.stdout.buffer.write(gzip.decompress(raw))';
    const input = await member(Buffer.from(',"id":1}'));
    const output = await new Promise<Buffer | null>((resolve, reject) => {
      const child = execFile('python3', ['-c', program], { encoding: 'buffer' }, (error, stdout) => {
        // A machine without Python has nothing to say here.
        if (error !== null && 'code' in error && error.code === 'ENOENT') resolve(null);
        else if (error !== null) reject(error);
        else resolve(stdout);
      });
      child.stdin?.on('error', () => {});
      child.stdin?.end(input);
    });
    if (output !== null) expect(output.toString()).toBe(`${text},"id":1}`);
  });
});

describe('Accept-Encoding', () => {
  it.each([
    ['gzip', true],
    ['gzip, deflate', true],
    ['br, gzip;q=0.5', true],
    ['deflate, gzip;q=1.0, *;q=0.5', true],
    ['gzip;q=0', false],
    ['gzip; q=0.000', false],
    ['gzip;q=0.001', true],
    ['x-gzipped', false],
    ['identity', false],
    ['*', false],
    ['', false],
    [undefined, false],
  ])('%s → %s', (header, accepted) => {
    expect(acceptsGzip(header)).toBe(accepted);
  });
});
