import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { IConfigMap } from 'kubernetes-models/v1/ConfigMap';
import type { IContainer } from 'kubernetes-models/v1/Container';
import type { IPodSpec } from 'kubernetes-models/v1/PodSpec';
import { AtomicWriter, type Payload } from './atomicWriter.js';
import type { KubernetesObject } from './renderedChart.js';
import { TemporaryDirectory } from './temporaryDirectory.js';

/** Where the image expects everything that is mounted. */
const MOUNTS = '/etc/mcp-anything/';

/**
 * A container's ConfigMap and Secret volumes as a kubelet lays them out, below a directory that stands for `/`.
 * Absolute paths in arguments and contents are moved below it as well.
 */
export class PodDirectory implements Disposable {
  readonly #root = new TemporaryDirectory();
  readonly #volumes = new Map<string, AtomicWriter>();
  /** The container's arguments, with its paths moved. */
  readonly args: readonly string[];
  /** A working directory that nobody may write to. */
  readonly workingDirectory: string;

  constructor(container: IContainer) {
    chmodSync(this.#root.path, 0o755);
    this.workingDirectory = join(this.#root.path, 'app');
    mkdirSync(this.workingDirectory, { mode: 0o555 });
    this.args = (container.args ?? []).map((argument) => this.moved(argument));
    for (const { mountPath, name } of container.volumeMounts ?? []) {
      const directory = join(this.#root.path, mountPath);
      mkdirSync(directory, { recursive: true, mode: 0o755 });
      this.#volumes.set(name, new AtomicWriter(directory));
    }
  }

  /** Updates the volumes that the container mounts of these objects. What did not change writes nothing. */
  async update(pod: IPodSpec, objects: readonly KubernetesObject[]): Promise<void> {
    for (const { name, configMap } of pod.volumes ?? []) {
      const object = objects.find(
        ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === configMap?.name,
      );
      const { data = {}, binaryData = {} } = (object ?? {}) as unknown as IConfigMap;
      if (object === undefined || !this.#volumes.has(name)) continue;
      const texts = Object.entries(data).map(([key, text]) => [key, this.moved(text)] as const);
      const bytes = Object.entries(binaryData).map(
        ([key, text]) => [key, Buffer.from(text, 'base64')] as const,
      );
      await this.write(name, Object.fromEntries([...texts, ...bytes]));
    }
  }

  /** Updates one volume. */
  async write(volume: string, payload: Payload): Promise<void> {
    const writer = this.#volumes.get(volume);
    if (writer === undefined) throw new Error(`the container does not mount ${volume}`);
    await writer.write(payload);
  }

  /** The text with `/etc/mcp-anything/` below this directory. */
  moved(text: string): string {
    return text.replaceAll(MOUNTS, join(this.#root.path, MOUNTS));
  }

  [Symbol.dispose](): void {
    this.#root[Symbol.dispose]();
  }
}
