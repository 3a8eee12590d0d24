import { readFile as readFileFromDisk } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { ConfigError } from '../errors.js';
import { isJsonObject } from '../json.js';
import { parseText, TextProblem } from '../yaml.js';
import { assemble, type KeysOf } from './assemble.js';
import { CallerKeys, keysInFile, keysInVariable } from './callerKeys.js';
import { check } from './check.js';
import type { LoadedConfig } from './config.js';
import { configDigest, type FileBytes } from './digest.js';
import type { Draft } from './draft.js';
import { type Environment, expand, variable } from './expand.js';
import { deepFreeze } from './freeze.js';
import { inFileOrder } from './order.js';
import { plainCopy } from './plain.js';
import { printKind, problemLine } from './problem.js';
import { readFailure, readReferences } from './referencedFiles.js';
import { RuleContext, type Use } from './ruleContext.js';
import { checkRules } from './rules.js';

export interface LoadConfigOptions {
  /** Base for relative paths of a config that is no file; a file's own are relative to it. @default process.cwd() */
  readonly directory?: string;
  /** Where `${VAR}` and `*_env` look. */
  readonly env: Environment;
  /** Who serves: the listener's keys mean something to the sidecar only. @default 'middleware' */
  readonly use?: Use;
  /** Reads the config file and every credential, TLS and key file; gets absolute paths. @default fs.readFile */
  readonly readFile?: (path: string) => Promise<Buffer>;
}

/** More values than any config has, few enough to be refused at once. */
const MAX_NODES = 200_000;
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * Reads, checks and completes a config: the path of a YAML or JSON file, or the same as an object.
 *
 * @throws ConfigError with one problem per rule broken, `path: rule, got value`, in the order of the file;
 *   for a file that cannot be read or parsed, one problem that begins with its path.
 */
export async function loadConfig(input: string | object, options: LoadConfigOptions): Promise<LoadedConfig> {
  if (typeof input !== 'string') return loadObject(input, options);
  const file = resolve(input);
  const text = await readText(file, input, options.readFile ?? readFileFromDisk);
  return loadText(text, { ...options, file, shown: input });
}

/**
 * The same for a text that is already here, such as a file on standard input.
 *
 * @throws ConfigError
 */
export async function loadConfigText(text: string, options: LoadConfigOptions): Promise<LoadedConfig> {
  return loadText(text, { ...options, file: null, shown: 'config' });
}

interface TextOptions extends LoadConfigOptions {
  readonly file: string | null;
  /** What problems call the text. */
  readonly shown: string;
}

async function loadText(text: string, options: TextOptions): Promise<LoadedConfig> {
  const { file, shown } = options;
  let value: unknown;
  try {
    value = parseText(text, { maxNodes: MAX_NODES, refuseUnsafeKeys: true });
  } catch (error) {
    if (!(error instanceof TextProblem)) throw error;
    throw new ConfigError([`${shown}: ${error.message}`], { files: file === null ? [] : [file] });
  }
  if (!isJsonObject(value)) {
    throw new ConfigError([`${shown}: must be a mapping of keys, got ${printKind(value)}`], {
      files: file === null ? [] : [file],
    });
  }
  return complete(value, file, file === null ? resolve(options.directory ?? '.') : dirname(file), options);
}

async function loadObject(input: object, options: LoadConfigOptions): Promise<LoadedConfig> {
  const { value, problems } = plainCopy(input);
  if (problems.length > 0) throw new ConfigError(problems.map(problemLine));
  if (!isJsonObject(value)) {
    throw new ConfigError([`config: must be a mapping of keys, got ${printKind(value)}`]);
  }
  return complete(value, null, resolve(options.directory ?? '.'), options);
}

async function complete(
  raw: unknown,
  file: string | null,
  directory: string,
  options: LoadConfigOptions,
): Promise<LoadedConfig> {
  const { env } = options;
  const expansion = expand(raw, env);
  const { draft, problems: keyProblems } = check(expansion.value, expansion.origins);
  const context = new RuleContext(options.use ?? 'middleware', raw, env, expansion.origins);
  checkRules(draft, context);
  const {
    files,
    problems: fileProblems,
    late,
  } = await readReferences(draft, directory, options.readFile ?? readFileFromDisk, context);
  const problems = [...expansion.problems, ...keyProblems, ...context.problems, ...fileProblems];
  const named = [...(file === null ? [] : [file]), ...files.map(({ path }) => path)];
  if (problems.length > 0) {
    const lines = inFileOrder(problems, raw).map(problemLine);
    throw new ConfigError(lines, { cause: late ?? undefined, files: [...new Set(named)] });
  }
  // Nothing was refused, so nothing is missing.
  const read = files.filter((candidate): candidate is FileBytes => candidate.bytes !== null);
  const keysOf = callerKeysIn(read, env);
  const config = deepFreeze(assemble(draft as Draft, { directory, use: context.use, keysOf }));
  return deepFreeze({
    config,
    file,
    files: [...new Set(named)],
    digest: configDigest(config, read, env),
    warnings: inFileOrder(context.warnings, raw).map(problemLine),
  });
}

/** From the same bytes that the digest is made of, so that keys and digest cannot be of different moments. */
function callerKeysIn(files: readonly FileBytes[], env: Environment): KeysOf {
  return ({ keys_env, keys_file }) => {
    const bytes = files.find(({ path }) => path === keys_file)?.bytes;
    const fromFile = bytes === undefined ? [] : keysInFile(new TextDecoder().decode(bytes));
    const fromVariable = keys_env === null ? [] : keysInVariable(variable(env, keys_env) ?? '');
    return new CallerKeys([...fromFile, ...fromVariable]);
  };
}

async function readText(
  file: string,
  shown: string,
  readFile: (path: string) => Promise<Buffer>,
): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw new ConfigError([`${shown}: cannot be read (${readFailure(error)})`], {
      cause: error,
      files: [file],
    });
  }
  if (bytes.length > MAX_BYTES) throw new ConfigError([`${shown}: is larger than 16MB`], { files: [file] });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ConfigError([`${shown}: is not UTF-8 text`], { files: [file] });
  }
}
