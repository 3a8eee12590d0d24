import type { IContainer } from 'kubernetes-models/v1/Container';
import type { IPodSpec } from 'kubernetes-models/v1/PodSpec';

const VOLUME_TYPES = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
]);

/** One rule of the restricted Pod Security Standard; false = broken. */
type ContainerRule = (container: IContainer, pod: IPodSpec) => boolean;

const CONTAINER_RULES: Readonly<Record<string, ContainerRule>> = {
  'must not be privileged': ({ securityContext }) => securityContext?.privileged !== true,
  'must set allowPrivilegeEscalation: false': ({ securityContext }) =>
    securityContext?.allowPrivilegeEscalation === false,
  'must drop ALL capabilities': ({ securityContext }) =>
    securityContext?.capabilities?.drop?.includes('ALL') === true,
  'must add no capability but NET_BIND_SERVICE': ({ securityContext }) =>
    (securityContext?.capabilities?.add ?? []).every((name) => name === 'NET_BIND_SERVICE'),
  'must run as non-root': ({ securityContext }, pod) =>
    (securityContext?.runAsNonRoot ?? pod.securityContext?.runAsNonRoot) === true,
  'must not run as user 0': ({ securityContext }, pod) =>
    (securityContext?.runAsUser ?? pod.securityContext?.runAsUser) !== 0,
  'must have a seccomp profile': ({ securityContext }, pod) =>
    ['RuntimeDefault', 'Localhost'].includes(
      (securityContext?.seccompProfile ?? pod.securityContext?.seccompProfile)?.type ?? '',
    ),
  'must not take host ports': ({ ports }) => (ports ?? []).every(({ hostPort }) => !hostPort),
  'must leave /proc masked': ({ securityContext }) =>
    ['Default', undefined].includes(securityContext?.procMount),
};

/**
 * How a pod breaks the restricted Pod Security Standard, a line per rule
 * (https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted).
 */
export function restrictedViolations(pod: IPodSpec): readonly string[] {
  const violations = (['hostNetwork', 'hostPID', 'hostIPC'] as const)
    .filter((key) => pod[key] === true)
    .map((key) => `pod: must not set ${key}`);
  for (const { name, ...types } of pod.volumes ?? []) {
    const type = Object.keys(types).find((key) => !VOLUME_TYPES.has(key));
    if (type !== undefined) violations.push(`volume ${name}: must not be of type ${type}`);
  }
  for (const container of [...(pod.initContainers ?? []), ...pod.containers]) {
    for (const [rule, holds] of Object.entries(CONTAINER_RULES)) {
      if (!holds(container, pod)) violations.push(`container ${container.name}: ${rule}`);
    }
  }
  return violations;
}
