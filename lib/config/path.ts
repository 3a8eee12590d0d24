import { isJsonObject } from '../json.js';

/** A place in the config: keys and indices from the root. */
export type ConfigPath = readonly (string | number)[];

/** `upstreams[2].openapi.source`; the root is `config`; a key that is no plain word is quoted. */
export function formatPath(path: ConfigPath): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (!/^[\w-]{1,64}$/.test(step)) text += `[${JSON.stringify(printableKey(step))}]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text === '' ? 'config' : text;
}

function printableKey(key: string): string {
  return key.length <= 64 ? key : key.slice(0, 63) + '…';
}

/** What is at a place of a value; undefined if nothing is. */
export function valueAt(root: unknown, path: readonly unknown[]): unknown {
  let value = root;
  for (const step of path) {
    if (Array.isArray(value)) value = value[Number(step)];
    else if (isJsonObject(value) && Object.hasOwn(value, String(step))) value = value[String(step)];
    else return undefined;
  }
  return value;
}
