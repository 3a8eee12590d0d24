const NoMembers = function NoMembers() {} as unknown as new <T>() => Record<string, T>;
NoMembers.prototype = Object.create(null);

/**
 * An empty object for names from outside: it inherits nothing, so that `__proto__` and `constructor` are names like
 * any other. V8 keeps `Object.create(null)` as a hash table, which costs ten times as much to write and to list.
 */
export function emptyRecord<T>(): Record<string, T> {
  return new NoMembers<T>();
}
