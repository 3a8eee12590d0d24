import { execFile } from 'node:child_process';
import { cpSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Dockerfile, parseDockerfile, type Stage, words } from './dockerfile.js';
import { repository } from './renderedChart.js';
import { TemporaryDirectory } from './temporaryDirectory.js';

const run = promisify(execFile);

/**
 * The files that the image holds besides those of its base, made by the very lines of the Dockerfile: what its stages
 * copy is copied, what they run is run, in folders instead of containers. Only the compiler's stage is not repeated:
 * the checkout has been built already. A tree that was exported from a real image can take its place.
 */
export class ImageTree implements AsyncDisposable {
  readonly dockerfile: Dockerfile;
  /** Stands for `/` of the image. */
  readonly root: string;
  readonly #directory: TemporaryDirectory | null;

  private constructor(dockerfile: Dockerfile, root: string, directory: TemporaryDirectory | null) {
    this.dockerfile = dockerfile;
    this.root = root;
    this.#directory = directory;
  }

  /** @param exported Folder with the files of a real image. */
  static async assemble(exported = process.env['IMAGE_TREE']): Promise<ImageTree> {
    const dockerfile = parseDockerfile(readFileSync(join(repository, 'sidecar/Dockerfile'), 'utf8'));
    if (exported !== undefined) return new ImageTree(dockerfile, exported, null);
    const directory = new TemporaryDirectory();
    await run('chmod', ['755', directory.path]);
    for (const stage of dockerfile.stages) await runStage(stage, directory.path);
    const tree = new ImageTree(dockerfile, join(directory.path, 'final'), directory);
    // As in a container with a read-only root file system, whoever runs it.
    await run('chmod', ['-R', 'a-w,a+rX', join(tree.root, 'app')]);
    return tree;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#directory === null) return;
    await run('chmod', ['-R', 'u+w', this.#directory.path]);
    this.#directory[Symbol.dispose]();
  }
}

async function runStage({ name, instructions }: Stage, directory: string): Promise<void> {
  const inStage = (path: string): string => join(directory, name, path);
  let workingDirectory = '/';
  for (const { keyword, text } of instructions) {
    if (keyword === 'WORKDIR') {
      workingDirectory = text;
      await run('mkdir', ['-p', inStage(text)]);
    }
    if (keyword === 'COPY') {
      const from = /--from=(\S+)/.exec(text)?.[1];
      const paths = words(text).filter((word) => !word.startsWith('--'));
      const target = inStage(join(workingDirectory, paths.at(-1) ?? ''));
      for (const path of paths.slice(0, -1)) {
        const source = from === undefined ? join(repository, path) : join(directory, from, path);
        // The whole checkout is copied for its build alone, and of that only the outcome is of interest.
        if (path === '.') cpSync(join(repository, 'dist'), join(target, 'dist'), { recursive: true });
        else cpSync(source, paths.length > 2 ? join(target, path) : target, { recursive: true });
      }
    }
    if (keyword === 'RUN' && !isBuild(name, text)) {
      const env = { ...process.env, npm_config_prefer_offline: 'true', npm_config_loglevel: 'error' };
      await run('sh', ['-c', text], { cwd: inStage(workingDirectory), env });
    }
  }
  if (!existsSync(join(directory, name))) throw new Error(`stage ${name} copies nothing`);
}

function isBuild(stage: string, command: string): boolean {
  return stage === 'build' && command.startsWith('npm ');
}
