import { gunzipSync, inflateRawSync } from 'node:zlib';

/**
 * The bytes of one file of a gzipped tar archive (POSIX.1-1988 "ustar" headers: name at 0, octal size at 124).
 * @throws Error when the archive has no such entry.
 */
export function tarEntry(gzipped: Uint8Array, name: string): Buffer {
  const archive = gunzipSync(gzipped);
  let offset = 0;
  while (offset + 512 <= archive.length && archive[offset] !== 0) {
    const entry = textUpToNul(archive.subarray(offset, offset + 100));
    const size = Number.parseInt(textUpToNul(archive.subarray(offset + 124, offset + 136)), 8);
    if (entry === name) return archive.subarray(offset + 512, offset + 512 + size);
    offset += 512 + Math.ceil(size / 512) * 512;
  }
  throw new Error(`the archive has no entry ${name}`);
}

const END_OF_CENTRAL_DIRECTORY = 0x06054b50;

/**
 * The bytes of one file of a zip archive, found through its central directory (APPNOTE 4.3.12, 4.3.16).
 * @throws Error when the archive has no such entry or packs it in another way than deflate.
 */
export function zipEntry(archive: Buffer, name: string): Buffer {
  let end = archive.length - 22;
  while (end >= 0 && archive.readUInt32LE(end) !== END_OF_CENTRAL_DIRECTORY) end -= 1;
  if (end < 0) throw new Error('not a zip archive');
  let offset = archive.readUInt32LE(end + 16);
  for (let left = archive.readUInt16LE(end + 10); left > 0; left -= 1) {
    const nameLength = archive.readUInt16LE(offset + 28);
    const extraLength = archive.readUInt16LE(offset + 30) + archive.readUInt16LE(offset + 32);
    if (archive.toString('utf8', offset + 46, offset + 46 + nameLength) === name) {
      const method = archive.readUInt16LE(offset + 10);
      const packedSize = archive.readUInt32LE(offset + 20);
      const local = archive.readUInt32LE(offset + 42);
      const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
      const packed = archive.subarray(start, start + packedSize);
      if (method === 0) return packed;
      if (method === 8) return inflateRawSync(packed);
      throw new Error(`${name} is packed by method ${method}, not by deflate`);
    }
    offset += 46 + nameLength + extraLength;
  }
  throw new Error(`the archive has no entry ${name}`);
}

function textUpToNul(bytes: Uint8Array): string {
  const nul = bytes.indexOf(0);
  return Buffer.from(nul < 0 ? bytes : bytes.subarray(0, nul))
    .toString('utf8')
    .trim();
}
