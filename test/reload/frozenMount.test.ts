import { expect, it } from 'vitest';
import { frozenMountWarnings, mountWarnings } from '../../lib/reload/frozenMount.js';
import { TemporaryDirectory } from '../support/temporaryDirectory.js';

const POD = '/var/lib/kubelet/pods/6f0c/volumes/kubernetes.io~configmap/config';

const MOUNTS = `\
1 0 0:50 / / rw,relatime - overlay overlay rw
2 1 254:1 ${POD} /etc/volume ro,relatime - ext4 /dev/vda rw
3 1 254:1 ${POD}/..2025_03_01_10_20_30.123456789/config.yaml /etc/single/config.yaml ro - ext4 /dev/vda rw
4 1 254:1 ${POD}/..2025_03_01_10_20_30.123456789/specs /etc/specs ro - ext4 /dev/vda rw
5 1 254:1 /home/me/a\\040b.yaml /etc/a\\040b.yaml rw - ext4 /dev/vda rw
6 2 254:1 / /etc/volume/inner rw - ext4 /dev/vda rw
`;

it.each([
  { file: '/etc/volume/config.yaml', warning: null },
  { file: '/etc/volume/inner/config.yaml', warning: null },
  { file: '/etc/plain.yaml', warning: null },
  { file: '/etc/specs.yaml', warning: null },
  { file: '/etc/single/config.yaml', warning: 'is mounted as a single file (Kubernetes: subPath)' },
  { file: '/etc/a b.yaml', warning: 'is mounted as a single file' },
  { file: '/etc/specs/pets.yaml', warning: 'is in /etc/specs, a directory mounted by subPath' },
])('$file: $warning', ({ file, warning }) => {
  const warnings = frozenMountWarnings([{ file, realPath: file }], MOUNTS);
  expect(warnings).toEqual(warning === null ? [] : [expect.stringContaining(`${file} ${warning}`)]);
});

it('warns of none of the files of an ordinary directory', async () => {
  using directory = new TemporaryDirectory({ 'config.yaml': '' });
  expect(await mountWarnings([`${directory.path}/config.yaml`, `${directory.path}/missing.yaml`])).toEqual(
    [],
  );
});
