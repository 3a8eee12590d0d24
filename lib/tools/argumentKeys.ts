import { createHash } from 'node:crypto';

/** A property key that every client and LLM API accepts; `__proto__` is one in no language. */
export const ARGUMENT_KEY = /^(?!__proto__$)[A-Za-z0-9_-]{1,64}$/;
const LONGEST = 64;

/** What wire names use to say something, in words: `ids[]`, Twilio's `StartTime<`, `.`-separated paths. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/\[\]$/g, '_array'],
  [/<=$/g, '_lte'],
  [/>=$/g, '_gte'],
  [/!=$/g, '_ne'],
  [/<$/g, '_lt'],
  [/>$/g, '_gt'],
];

/** The argument key for a wire name: the name itself where it is acceptable. */
export function safeKey(name: string): string {
  if (ARGUMENT_KEY.test(name)) return name;
  const spoken = WORDS.reduce((text, [pattern, word]) => text.replace(pattern, word), name);
  const safe = spoken
    .replace(/[^A-Za-z0-9_-]+/g, '_')
    .replace(/^_+(?=[A-Za-z0-9])/, '')
    .replace(/(?<=[A-Za-z0-9])_+$/, '');
  if (/[A-Za-z0-9]/.test(safe) && ARGUMENT_KEY.test(safe)) return safe;
  return hashedKey(safe, name);
}

/** A key that no other name has: for places where the names around it are not known. */
export function hashedKey(key: string, name: string): string {
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  const head = key
    .replace(/[^A-Za-z0-9_-]+/g, '_')
    .slice(0, LONGEST - hash.length - 1)
    .replace(/^_+|_+$/g, '');
  return /[A-Za-z0-9]/.test(head) ? `${head}_${hash}` : `key_${hash}`;
}

/** A parameter before it has a key of its own. */
export interface KeyRequest {
  readonly name: string;
  /** `path`, `query`, `header` …: tells apart what has the same name. */
  readonly place: string;
}

/**
 * One key per parameter, in order. Where several want the same one, all of them say their place
 * (`id_path`, `id_query`), so that the order of a document does not matter. Keys in `reserved` are not given.
 * @param profile `verbatim` keeps the name on the wire, acceptable or not.
 */
export function argumentKeys(
  requests: readonly KeyRequest[],
  reserved: ReadonlySet<string> = new Set(),
  profile: 'portable' | 'verbatim' = 'portable',
): string[] {
  const safe = profile === 'portable' ? safeKey : (name: string) => name;
  const steps: readonly ((request: KeyRequest) => string)[] = [
    ({ name, place }) => safe(`${safe(name)}_${place}`),
    ({ name, place }) => hashedKey(`${safeKey(name)}_${place}`, `${place} ${name}`),
  ];
  let keys = requests.map(({ name }) => safe(name));
  for (const step of steps) {
    const counts = new Map<string, number>();
    for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
    keys = requests.map((request, index) => {
      const key = keys[index] ?? '';
      return counts.get(key) === 1 && !reserved.has(key) ? key : step(request);
    });
  }
  return keys;
}
