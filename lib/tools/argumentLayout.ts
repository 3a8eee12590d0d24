import type { Json, JsonObject } from '../json.js';
import { argumentKeys } from './argumentKeys.js';
import { type BodyLayout, layOutBody } from './bodyLayout.js';
import type { BodySource } from './bodySource.js';
import { declaredTypes } from './declaredTypes.js';
import { visibleText } from './description.js';
import { type Fragment, fragment } from './fragment.js';
import type { ParameterSource } from './parameterSources.js';
import type { Schemas } from './schemas.js';
import type { BodyPlan, ParameterPlan } from './tool.js';

/** Which argument goes where, and what each may be. */
export interface ArgumentLayout {
  readonly parameters: readonly ParameterPlan[];
  readonly body: BodyPlan | null;
  /** Argument key → its schema, in document order. */
  readonly properties: ReadonlyMap<string, Fragment>;
  readonly required: readonly string[];
  /** `schema_profile: verbatim`: the body's schema is the root of the tool's own; null = it is not. */
  readonly root: Fragment | null;
}

export type Profile = 'portable' | 'verbatim';

/**
 * Gives every parameter and the body their argument keys. A body is flattened into the arguments where that
 * loses nothing; it is the one argument `body` otherwise.
 */
export function layOutArguments(
  parameters: readonly ParameterSource[],
  body: BodySource | null,
  schemas: Schemas,
  profile: Profile,
): ArgumentLayout {
  const keysBeside = (reserved: readonly string[]) =>
    argumentKeys(
      parameters.map(({ name, in: place }) => ({ name, place })),
      new Set(reserved),
      profile,
    );
  const free = keysBeside([]);
  const laidOut = body === null ? null : layOutBody(body, schemas, profile, new Set(free));
  const whole = laidOut?.plan.argument ?? null;
  const keys = whole === null ? free : keysBeside([whole]);
  const planned = parameters.map((source, index) =>
    planParameter(source, keys[index] ?? source.name, schemas),
  );
  return {
    parameters: planned.map(({ plan }) => plan),
    body: laidOut?.plan ?? null,
    properties: new Map([
      ...planned.map(({ plan, part }) => [plan.argument, part] as const),
      ...(laidOut?.properties ?? []),
    ]),
    required: [...planned.filter(isRequired).map(({ plan }) => plan.argument), ...requiredOf(laidOut)],
    root: laidOut?.root ?? null,
  };
}

/** What has a default is filled in, so the caller need not give it. */
function isRequired({ plan }: { readonly plan: ParameterPlan }): boolean {
  return plan.required && plan.default === undefined;
}

function requiredOf(body: BodyLayout | null): string[] {
  if (body === null) return [];
  const { plan } = body;
  if (plan.argument !== null) return plan.required ? [plan.argument] : [];
  return plan.properties
    .filter((property) => property.required && property.default === undefined)
    .map((property) => property.argument);
}

function planParameter(
  source: ParameterSource,
  argument: string,
  schemas: Schemas,
): { readonly plan: ParameterPlan; readonly part: Fragment } {
  const converted = schemas.convert(source.schema);
  const value: Json | undefined = converted.schema['default'];
  return {
    plan: {
      argument,
      name: source.name,
      in: source.in,
      required: source.required,
      ...(value === undefined ? {} : { default: value }),
      types: declaredTypes(converted.schema, (name) => schemas.definition(name).schema),
      style: source.style,
      explode: source.explode,
      allowReserved: source.allowReserved,
      contentType: source.contentType,
    },
    part: described(converted, source),
  };
}

/** A parameter's own words over its schema's. */
function described(part: Fragment, source: ParameterSource): Fragment {
  const description = visibleText(source.description);
  const example = Object.hasOwn(part.schema, 'examples') ? undefined : source.example;
  const words: JsonObject = {
    ...(description === '' ? {} : { description }),
    ...(source.deprecated ? { deprecated: true } : {}),
    ...(isShort(example) ? { examples: [example] } : {}),
  };
  return Object.keys(words).length === 0
    ? part
    : fragment({ ...part.schema, ...words }, part.definitions, part.omitted);
}

function isShort(example: Json | undefined): example is string | number | boolean {
  return (
    (typeof example === 'string' && example.length < 500) || ['number', 'boolean'].includes(typeof example)
  );
}
