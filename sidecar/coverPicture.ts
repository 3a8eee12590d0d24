import { crc32, deflateSync } from 'node:zlib';

const WIDTH = 24;
const HEIGHT = 36;

/** A book cover of one colour with a darker spine, as PNG (https://www.w3.org/TR/png-3/). */
export function coverPicture(bookId: number): Uint8Array {
  const colour = [0, 1, 2].map((channel) => 96 + ((bookId * 53 + channel * 71) % 128));
  const row = [0, ...Array.from({ length: WIDTH }, (_, x) => colour.map((c) => (x < 4 ? c >> 1 : c))).flat()];
  const pixels = Buffer.concat(Array.from({ length: HEIGHT }, () => Buffer.from(row)));
  const header = Buffer.alloc(13);
  header.writeUInt32BE(WIDTH, 0);
  header.writeUInt32BE(HEIGHT, 4);
  // 8 bits per channel, true colour, then the only compression, filter and interlace methods used.
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(pixels)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, content: Buffer): Buffer {
  const typed = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const framed = Buffer.alloc(typed.length + 8);
  framed.writeUInt32BE(content.length, 0);
  framed.set(typed, 4);
  framed.writeUInt32BE(crc32(typed), typed.length + 4);
  return framed;
}
