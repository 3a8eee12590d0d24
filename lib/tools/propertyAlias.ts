import { isJsonObject, type Json } from '../json.js';
import { ARGUMENT_KEY, hashedKey } from './argumentKeys.js';

/**
 * Names of properties inside objects that clients do not accept (`a.b`, `$filter`) are listed under an alias.
 * The alias carries a hash of the name, so it can be put back wherever it stands, without knowing the place.
 */
export function aliasOf(name: string): string {
  return ARGUMENT_KEY.test(name) ? name : hashedKey(name, name);
}

/** `value` with every alias in its objects, at any depth, replaced by the name on the wire. */
export function restoreNames(value: Json, aliases: Readonly<Record<string, string>>): Json {
  if (Array.isArray(value)) return value.map((item) => restoreNames(item, aliases));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      Object.hasOwn(aliases, key) ? (aliases[key] ?? key) : key,
      restoreNames(item, aliases),
    ]),
  );
}
