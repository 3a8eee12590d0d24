import { TextProblem } from '../yaml.js';

/**
 * The text of a JSON or YAML file: UTF-8, or UTF-16 where a byte order mark says so (YAML 1.2 §5.2).
 * @throws TextProblem for bytes that are no text.
 */
export function textOf(bytes: Uint8Array): string {
  const encoding = encodingOf(bytes);
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    throw new TextProblem(`is not valid ${encoding === 'utf-8' ? 'UTF-8' : 'UTF-16'} text`);
  }
}

function encodingOf([first, second]: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  return first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
}
