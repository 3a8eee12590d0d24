import type { Json, JsonObject } from '../json.js';
import type { Logger } from '../observe/logger.js';
import type { CompiledTool, Tool } from '../tools/tool.js';
import { bounded, problemsOf, unknownText } from './argumentProblems.js';
import { argumentOf, declarationsOf, isLongInteger } from './declaredValue.js';
import { validatorOf } from './toolValidators.js';

/** With more values than this, every error of every one would be too much to collect. */
const MANY_NODES = 2_000;

/**
 * What is wrong with a call's arguments, one sentence each, at most ten; empty = nothing.
 *
 * @param args After `declaredArguments`.
 * @param nodes How many values there are, from `measureArguments`.
 */
export function argumentProblems(
  compiled: CompiledTool,
  args: JsonObject,
  nodes: number,
  logger: Logger,
): readonly string[] {
  const tool = compiled.tool();
  const validate = validatorOf(
    compiled,
    nodes > MANY_NODES ? 'largeInput' : 'input',
    tool.inputSchema,
    logger,
  );
  const errors = validate(withNumbers(tool, args)) ?? [];
  const unknown = unknownArguments(tool, args);
  if (errors.length === 0 && unknown.length === 0) return [];
  // The root's unknown arguments are told by name above.
  const others = errors.filter(
    ({ keyword, instancePath }) =>
      instancePath !== '' || (keyword !== 'additionalProperties' && keyword !== 'unevaluatedProperties'),
  );
  return bounded([...unknown, ...problemsOf(others)]);
}

/** True if the value is what the tool's output schema promises; also when that cannot be told. */
export function isPromisedOutput(compiled: CompiledTool, value: JsonObject, logger: Logger): boolean {
  const schema = compiled.tool().outputSchema;
  if (schema === undefined) return true;
  const errors = validatorOf(compiled, 'output', schema, logger)(value);
  return errors === null || errors.length === 0;
}

/** Arguments that the request has no place for: silently dropped, they would mislead the agent. */
function unknownArguments(tool: Tool, args: JsonObject): string[] {
  const known = knownArguments(tool);
  if (known === null) return [];
  return Object.keys(args)
    .filter((name) => !known.has(name))
    .slice(0, 20)
    .map((name) => `${name.slice(0, 100)}: ${unknownText(name, [...known])}`);
}

const argumentNames = new WeakMap<Tool, ReadonlySet<string> | null>();

/** The names that a tool takes; null = any. */
function knownArguments(tool: Tool): ReadonlySet<string> | null {
  let known = argumentNames.get(tool);
  if (known === undefined) {
    known = namesOf(tool);
    argumentNames.set(tool, known);
  }
  return known;
}

function namesOf({ inputSchema: schema, plan }: Tool): ReadonlySet<string> | null {
  const additional = Object.hasOwn(schema, 'additionalProperties') ? schema['additionalProperties'] : false;
  if (additional !== false) return null;
  const properties = argumentOf(schema, 'properties');
  const known = new Set(typeof properties === 'object' && properties !== null ? Object.keys(properties) : []);
  for (const { argument } of declarationsOf(plan)) known.add(argument);
  return known;
}

/** Integers that came as text because they are too long count as the numbers they are. */
function withNumbers(tool: Tool, args: JsonObject): JsonObject {
  let view: Record<string, Json> | null = null;
  for (const { argument, types } of declarationsOf(tool.plan)) {
    const value = argumentOf(args, argument);
    if (!isLongInteger(value, types)) continue;
    view ??= Object.assign(Object.create(null), args) as Record<string, Json>;
    view[argument] = Number(value);
  }
  return view ?? args;
}
