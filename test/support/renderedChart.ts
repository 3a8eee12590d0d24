import { join, resolve } from 'node:path';
import { loadAll } from 'js-yaml';
import { helm } from './helm.js';
import { TemporaryDirectory } from './temporaryDirectory.js';

/** What every Kubernetes object has. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
}

export interface RenderOptions {
  /** Values files, in order. */
  readonly files?: readonly string[];
  /** Values over them. */
  readonly values?: object;
  /** @default `release` */
  readonly release?: string;
  /** @default `tools` */
  readonly namespace?: string;
  /** @default the newest that Helm knows */
  readonly kubeVersion?: string;
  /** URL of an API server that templates may look objects up in. @default none */
  readonly apiServer?: string;
}

export const repository = resolve(import.meta.dirname, '../..');
/** The project's own chart. */
export const chart = join(repository, 'helm/mcp-anything');

/**
 * Renders a chart as `helm template` does.
 * @throws Error with Helm's own words when it refuses.
 */
export async function render(
  path: string,
  options: RenderOptions = {},
): Promise<readonly KubernetesObject[]> {
  using directory = new TemporaryDirectory();
  const values = directory.write('values.json', JSON.stringify(options.values ?? {}));
  const flags = [...(options.files ?? []), values].flatMap((file) => ['--values', file]);
  const { release = 'release', namespace = 'tools', kubeVersion, apiServer } = options;
  if (kubeVersion !== undefined) flags.push('--kube-version', kubeVersion);
  if (apiServer !== undefined)
    flags.push('--dry-run=server', '--disable-openapi-validation', '--kube-apiserver', apiServer);
  const { ok, stdout, stderr } = await helm('template', release, path, '--namespace', namespace, ...flags);
  if (!ok) throw new Error(stderr);
  return loadAll(stdout).filter((object) => object !== null) as KubernetesObject[];
}

/** The one object of a kind; with `name`, the one of that name. */
export function only<T>(objects: readonly KubernetesObject[], kind: string, name?: string): T {
  const found = objects.filter(
    (object) => object.kind === kind && (name === undefined || object.metadata.name === name),
  );
  if (found.length !== 1) throw new Error(`${found.length} objects of kind ${kind} ${name ?? ''}`);
  return found[0] as T;
}
