import type { ErrorObject } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { fastFormats } from 'ajv-formats/dist/formats.js';
import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { emptyRecord } from '../record.js';
import { linearPattern, resetPatternBudget } from './linearPattern.js';

/** Errors, empty when the value is valid; null when it could not be told. */
export type SchemaValidator = (value: Json) => readonly ErrorObject[] | null;

/**
 * `complete` finds every error. `first` stops at the first one and does not compare items with one another:
 * for values so large that their errors could fill the memory.
 */
export type ValidatorMode = 'complete' | 'first';

/** Formats that a wrong value is worth refusing for; all are linear. The API judges the others. */
const FORMATS = ['date', 'uuid', 'int32'] as const;

/**
 * ajv keeps what it ever compiled, and a validator its ajv: one that is in use keeps up to as many schemas of former
 * tables in memory. A new instance takes 0.2 ms where a small schema takes 0.5 ms (measured); at 20 that is lost in it.
 */
const COMPILATIONS_PER_INSTANCE = 20;

/**
 * How often one validation may enter a shared definition: recursive alternatives can double at every level.
 * Collecting errors makes a step dearer (measured: 4 µs against 1 µs).
 */
const STEPS: Readonly<Record<ValidatorMode, number>> = { complete: 20_000, first: 300_000 };
const STEP = 'x-mcp-anything-step';

class StepsExhausted extends Error {}
let stepsLeft = 0;

interface Compiler {
  readonly ajv: Ajv2020;
  compilations: number;
}
const compilers: Partial<Record<ValidatorMode, Compiler>> = {};

/**
 * Compiles a JSON Schema 2020-12. Takes about as long as the schema is large; callers keep the result.
 * @throws when ajv cannot make sense of the schema.
 */
export function compileValidator(schema: JsonObject, mode: ValidatorMode): SchemaValidator {
  const compiler = compilerFor(mode);
  compiler.compilations += 1;
  const stepped = withSteps(schema);
  try {
    const validate = compiler.ajv.compile(stepped);
    return (value) => {
      resetPatternBudget();
      stepsLeft = STEPS[mode];
      try {
        return validate(value) === true ? [] : (validate.errors ?? []);
      } catch (error) {
        if (error instanceof StepsExhausted || error instanceof RangeError) return null;
        throw error;
      }
    };
  } finally {
    compiler.ajv.removeSchema(stepped);
  }
}

function compilerFor(mode: ValidatorMode): Compiler {
  const existing = compilers[mode];
  if (existing !== undefined && existing.compilations < COMPILATIONS_PER_INSTANCE) return existing;
  const compiler = { ajv: newAjv(mode), compilations: 0 };
  compilers[mode] = compiler;
  return compiler;
}

function newAjv(mode: ValidatorMode): Ajv2020 {
  const ajv = new Ajv2020({
    strict: false,
    validateSchema: false,
    logger: false,
    meta: false,
    allErrors: mode === 'complete',
    verbose: true,
    ownProperties: true,
    // Inlining would copy a definition into every place that refers to it.
    inlineRefs: false,
    addUsedSchema: false,
    // Optimising the generated code would double the time to compile, for validators that run in microseconds.
    code: { regExp: linearPattern, optimize: false },
  });
  for (const name of FORMATS) ajv.addFormat(name, fastFormats[name]);
  // Many documents say `date-time` of times without a zone.
  ajv.addFormat('date-time', fastFormats['iso-date-time']);
  if (mode === 'first') ajv.removeKeyword('uniqueItems');
  ajv.addKeyword({ keyword: STEP, schemaType: 'boolean', errors: false, validate: takeStep });
  return ajv;
}

function takeStep(): boolean {
  stepsLeft -= 1;
  if (stepsLeft < 0) throw new StepsExhausted();
  return true;
}

/** Recursion goes through `$defs` or the root; each is made to count. */
function withSteps(schema: JsonObject): JsonObject {
  const definitions = Object.hasOwn(schema, '$defs') ? schema['$defs'] : undefined;
  if (!isJsonObject(definitions)) return { ...schema, [STEP]: true };
  const stepped = emptyRecord<Json>();
  for (const [name, definition] of Object.entries(definitions)) {
    stepped[name] = isJsonObject(definition) ? { ...definition, [STEP]: true } : definition;
  }
  return { ...schema, $defs: stepped, [STEP]: true };
}
