import { isJsonObject, type Json, type JsonObject } from '../json.js';
import type { BodyProperty, DeclaredType, RequestPlan } from '../tools/tool.js';

/** What a plan knows of one argument. */
interface Declaration {
  readonly argument: string;
  readonly required: boolean;
  readonly types: readonly DeclaredType[];
}

/** Longer numbers lose digits as a JSON number in JavaScript. */
const INTEGER_TEXT = /^-?(?:0|[1-9]\d{0,39})$/;

/**
 * The value as it was meant: agents often write JSON text where an object or an array is declared.
 * A text that is not JSON of the declared kind stays as it is, for validation to name.
 */
export function declaredValue(value: Json, types: readonly DeclaredType[]): Json {
  if (typeof value !== 'string' || types.includes('string')) return value;
  const first = value.trimStart()[0];
  if (!(first === '{' && types.includes('object')) && !(first === '[' && types.includes('array')))
    return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/**
 * An integer too long for a JSON number, written as text. It is accepted where an integer is declared, because
 * it is the only way an agent can give back a 64-bit id that it has read.
 */
export function isLongInteger(value: Json | undefined, types: readonly DeclaredType[]): value is string {
  if (typeof value !== 'string' || types.includes('string')) return false;
  if (!types.includes('integer') && !types.includes('number')) return false;
  return INTEGER_TEXT.test(value) && !Number.isSafeInteger(Number(value));
}

/**
 * The arguments as validation and the request see them: JSON texts parsed, null for "not given" removed where
 * null is not a declared value. The same object comes back when there was nothing to do.
 */
export function declaredArguments(plan: RequestPlan, args: JsonObject): JsonObject {
  let changed: Record<string, Json> | null = null;
  const change = () => {
    changed ??= Object.assign(Object.create(null), args) as Record<string, Json>;
    return changed;
  };
  for (const { argument, required, types } of declarationsOf(plan)) {
    if (!Object.hasOwn(args, argument)) continue;
    const given = args[argument] ?? null;
    if (given === null && !required && types.length > 0 && !types.includes('null')) {
      delete change()[argument];
      continue;
    }
    const meant = declaredValue(given, types);
    if (meant !== given) change()[argument] = meant;
  }
  return changed ?? args;
}

const declarations = new WeakMap<RequestPlan, readonly Declaration[]>();

/** Every argument that the plan gives a place to; the same list for the same plan. */
export function declarationsOf(plan: RequestPlan): readonly Declaration[] {
  let known = declarations.get(plan);
  if (known === undefined) {
    known = [...plan.parameters, ...bodyDeclarations(plan.body)];
    declarations.set(plan, known);
  }
  return known;
}

function bodyDeclarations(body: RequestPlan['body']): readonly Declaration[] {
  if (body === null) return [];
  const { argument, required, types } = body;
  if (argument !== null) return [{ argument, required, types }];
  return body.properties.map((property) =>
    property.binary ? { ...property, types: propertyTypes(property) } : property,
  );
}

/** A file is an object (or a list of them) whatever the document's schema calls it. */
export function propertyTypes(property: BodyProperty): readonly DeclaredType[] {
  return property.binary ? ['object', 'array'] : property.types;
}

/** Own properties only: argument and property names come from documents. */
export function argumentOf(args: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(args, key) ? args[key] : undefined;
}

/** True for what carries nothing: it is not sent, and does not satisfy a required parameter. */
export function isAbsent(value: Json | undefined): value is null | undefined {
  if (value === null || value === undefined) return true;
  if (Array.isArray(value)) return value.every((item) => item === null);
  return isJsonObject(value) && Object.values(value).every((item) => item === null);
}
