import type { IDeployment } from 'kubernetes-models/apps/v1/Deployment';
import type { IContainer } from 'kubernetes-models/v1/Container';
import type { IPodSpec } from 'kubernetes-models/v1/PodSpec';
import { type KubernetesObject, only } from './renderedChart.js';

/** The pod of the one Deployment among some objects, and mcp-anything's container in it. */
export function renderedPod(objects: readonly KubernetesObject[]): {
  readonly pod: IPodSpec;
  readonly container: IContainer;
} {
  const pod = only<IDeployment>(objects, 'Deployment').spec?.template.spec;
  if (pod === undefined) throw new Error('the Deployment has no pod');
  const containers = [...(pod.initContainers ?? []), ...pod.containers];
  const container = containers.find(({ args }) => args?.[0] === 'serve');
  if (container === undefined) throw new Error('no container serves');
  return { pod, container };
}
