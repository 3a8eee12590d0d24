import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { readEntry } from './entry.js';
import { trace } from './trace.js';

/** One line of `/proc/self/mountinfo` (proc_pid_mountinfo(5)). */
interface Mount {
  /** What of the mounted file system is to be seen. */
  readonly root: string;
  readonly mountPoint: string;
}

/** A kubelet's directory for one state of a volume. */
const VOLUME_STATE = /\/\.\.\d{4}_\d\d_\d\d_\d\d_\d\d_\d\d\./;

/**
 * Warns of files whose updates will never be seen, because they were mounted as they were at one moment: as a
 * single file, or by a Kubernetes `subPath`. Linux only.
 * @returns One line per file.
 */
export async function mountWarnings(files: Iterable<string>): Promise<string[]> {
  if (process.platform !== 'linux') return [];
  const mounts = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  const traces = Array.from(files, async (file) => ({
    file: resolve(file),
    realPath: (await trace(resolve(file), readEntry)).realPath,
  }));
  return frozenMountWarnings(await Promise.all(traces), mounts);
}

/** @param mountinfo Text of `/proc/self/mountinfo`. */
export function frozenMountWarnings(
  files: readonly { readonly file: string; readonly realPath: string }[],
  mountinfo: string,
): string[] {
  const mounts = parseMounts(mountinfo);
  return files.flatMap(({ file, realPath }) => {
    const mount = mountOf(realPath, mounts);
    if (mount?.mountPoint === realPath && realPath !== '/') {
      return [`${file} is mounted as a single file (Kubernetes: subPath): ${ADVICE}`];
    }
    if (mount !== null && VOLUME_STATE.test(mount.root)) {
      return [`${file} is in ${mount.mountPoint}, a directory mounted by subPath: ${ADVICE}`];
    }
    return [];
  });
}

const ADVICE =
  'a new version that takes its place is never seen; mount the whole volume as a directory for hot reload';

/** The innermost mount that holds the path; of several on one mount point the last, which hides the others. */
function mountOf(path: string, mounts: readonly Mount[]): Mount | null {
  let innermost: Mount | null = null;
  for (const mount of mounts) {
    const { mountPoint } = mount;
    const holds = path === mountPoint || path.startsWith(mountPoint === '/' ? '/' : `${mountPoint}/`);
    if (holds && mountPoint.length >= (innermost?.mountPoint.length ?? 0)) innermost = mount;
  }
  return innermost;
}

function parseMounts(mountinfo: string): Mount[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [, , , root, mountPoint] = line.split(' ');
    return root === undefined || mountPoint === undefined
      ? []
      : [{ root: unescaped(root), mountPoint: unescaped(mountPoint) }];
  });
}

/** Space, tab, line feed and backslash are written as octal numbers. */
function unescaped(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_match, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}
