import { messageOf } from '../errors.js';
import type { JsonObject } from '../json.js';
import type { Logger } from '../observe/logger.js';
import type { CompiledTool } from '../tools/tool.js';
import { compileValidator, type SchemaValidator, type ValidatorMode } from './schemaValidator.js';

/** Which of a tool's schemas, compiled how. */
export type ValidatorKind = 'input' | 'largeInput' | 'output';

type Validators = { [kind in ValidatorKind]?: SchemaValidator };

/** Schemas per generation: at most twice as many have compiled validators in memory. */
const GENERATION_SIZE = 1_024;

/**
 * Compiling happens on the main thread at a tool's first call: 10 ms for 32 KB of listed tool, 35 ms for 80 KB
 * (measured). Larger ones would hold up other calls for too long; their arguments go to the API unchecked.
 */
const MAX_LISTED_BYTES = 64 * 1024;

/**
 * A least-recently-used cache in two generations: what is used moves to the current one, what is not goes with
 * the former one. Keys are weak, so that a retired table's schemas are not kept; a table's tools take the schemas that
 * have not changed over from the one before.
 */
let current = new WeakMap<JsonObject, Validators>();
let former = new WeakMap<JsonObject, Validators>();
let currentSize = 0;

/** Accepts everything: for schemas that cannot be compiled. */
const unchecked: SchemaValidator = () => null;

/** The validator of one of a tool's schemas, compiled on first use and kept as long as the schema object is. */
export function validatorOf(
  compiled: CompiledTool,
  kind: ValidatorKind,
  schema: JsonObject,
  logger: Logger,
): SchemaValidator {
  const validators = validatorsOf(schema);
  validators[kind] ??= compileOrSkip(compiled, kind === 'largeInput' ? 'first' : 'complete', schema, logger);
  return validators[kind];
}

function validatorsOf(schema: JsonObject): Validators {
  const found = current.get(schema);
  if (found !== undefined) return found;
  const validators = former.get(schema) ?? {};
  if (currentSize >= GENERATION_SIZE) {
    former = current;
    current = new WeakMap();
    currentSize = 0;
  }
  current.set(schema, validators);
  currentSize += 1;
  return validators;
}

function compileOrSkip(
  compiled: CompiledTool,
  mode: ValidatorMode,
  schema: JsonObject,
  logger: Logger,
): SchemaValidator {
  const fields = { tool: compiled.name, operation: compiled.operation };
  if (compiled.listed.byteLength > MAX_LISTED_BYTES) {
    logger.warn(
      { ...fields, bytes: compiled.listed.byteLength },
      'the schema is too large to validate calls with; they are sent unchecked',
    );
    return unchecked;
  }
  try {
    return compileValidator(schema, mode);
  } catch (error) {
    logger.warn(
      { ...fields, reason: messageOf(error).slice(0, 200) },
      'the schema cannot be compiled; calls are sent unchecked',
    );
    return unchecked;
  }
}
