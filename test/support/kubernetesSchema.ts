import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type KubernetesObject, repository } from './renderedChart.js';

/** A validator compiled from the schema of a kind. */
interface Validator {
  (object: unknown, context: { readonly rootData: unknown }): boolean;
  readonly errors?:
    | readonly { readonly instancePath: string; readonly keyword: string; readonly params: unknown }[]
    | null;
}

const require = createRequire(import.meta.url);

/**
 * What the Kubernetes API (or the Prometheus operator's) would not take of an object: a line per problem.
 *
 * The API's own schemas allow unknown fields, and the server then drops them silently. A misspelt field of a
 * template would go unseen, so a field that the validator never looks at is a problem as well.
 */
export function schemaProblems(object: KubernetesObject): readonly string[] {
  const validate = validatorOf(object);
  const seen = new Map<object, Set<PropertyKey>>();
  const watched = watchReads(object, seen);
  const isValid = validate(watched, { rootData: watched });
  if (!isValid) {
    const errors = validate.errors ?? [];
    return errors.map(
      ({ instancePath, keyword, params }) => `${instancePath}: ${keyword} ${JSON.stringify(params)}`,
    );
  }
  return unreadPaths(object, seen, '').map((path) => `${path}: not a field of this kind`);
}

function validatorOf({ apiVersion, kind }: KubernetesObject): Validator {
  const [version = '', group = 'core'] = apiVersion.split('/').reverse();
  const operator = group === 'monitoring.coreos.com';
  const names = operator ? group.split('.') : [group.split('.')[0] ?? ''];
  const name = [...(operator ? [] : ['io', 'k8s', 'api']), ...names, version, kind].map(capitalized).join('');
  const folder = operator ? '@kubernetes-models/prometheus-operator' : 'kubernetes-models';
  return require(join(repository, 'node_modules', folder, '_schemas', `${name}.js`)).validate as Validator;
}

function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** The same object, and a note of each property that is read of it. */
function watchReads<T extends object>(object: T, seen: Map<object, Set<PropertyKey>>): T {
  const keys = new Set<PropertyKey>();
  seen.set(object, keys);
  const children = new Map<PropertyKey, unknown>();
  return new Proxy(object, {
    get(target, key) {
      keys.add(key);
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== 'object' || value === null) return value;
      if (!children.has(key)) children.set(key, watchReads(value, seen));
      return children.get(key);
    },
  });
}

function unreadPaths(
  object: object,
  seen: ReadonlyMap<object, Set<PropertyKey>>,
  path: string,
): readonly string[] {
  return Object.entries(object).flatMap(([key, value]) => {
    const here = `${path}/${key}`;
    if (!seen.get(object)?.has(key)) return [here];
    // A free-form object, such as the settings of a relabeling, is looked at as a whole.
    return typeof value === 'object' && value !== null ? unreadPaths(value, seen, here) : [];
  });
}
