import type { ErrorObject } from 'ajv';
import { suggestionFor } from '../config/suggestion.js';
import { isJsonObject } from '../json.js';

/** Lines an agent gets at most. */
const MAX_LINES = 10;
const MAX_VALUE_LENGTH = 60;
const MAX_CHOICES = 20;

/** ajv's errors as sentences for an agent: `petId: must be integer, got "abc"`. */
export function problemsOf(errors: readonly ErrorObject[]): string[] {
  const alternatives = errors.filter(({ keyword }) => keyword === 'anyOf' || keyword === 'oneOf');
  const lines: string[] = [];
  for (const error of errors) {
    if (error.keyword === 'if' || isInside(error, alternatives)) continue;
    lines.push(lineOf(error, errors));
  }
  return bounded([...new Set(lines)]);
}

/** The lines, or the first ones and a word about the rest. */
export function bounded(lines: readonly string[]): string[] {
  if (lines.length <= MAX_LINES) return [...lines];
  return [...lines.slice(0, MAX_LINES - 1), `… and ${lines.length - MAX_LINES + 1} more`];
}

/** Errors of the branches of an alternative are told with the alternative. */
function isInside(error: ErrorObject, alternatives: readonly ErrorObject[]): boolean {
  return alternatives.some((parent) => parent !== error && isBranchError(error, parent));
}

function isBranchError(error: ErrorObject, parent: ErrorObject): boolean {
  return (
    error.schemaPath !== parent.schemaPath &&
    `${error.instancePath}/`.startsWith(`${parent.instancePath}/`) &&
    (error.schemaPath.startsWith(`${parent.schemaPath}/`) || !error.schemaPath.startsWith('#/properties'))
  );
}

function lineOf(error: ErrorObject, all: readonly ErrorObject[]): string {
  const path = pathOf(error.instancePath);
  const at = (child: string) => (path === '' ? child : `${path}${memberPath(child)}`);
  switch (error.keyword) {
    case 'required': {
      const missing = String(error.params['missingProperty']);
      return `${at(missing)}: is required${typeHint(error.parentSchema, missing)}`;
    }
    case 'dependentRequired': {
      const missing = String(error.params['missingProperty']);
      return `${at(missing)}: is required when ${String(error.params['property'])} is given`;
    }
    case 'additionalProperties':
    case 'unevaluatedProperties': {
      const extra = error.params['additionalProperty'] ?? error.params['unevaluatedProperty'];
      return `${at(String(extra))}: ${unknownText(String(extra), propertyNames(error.parentSchema))}`;
    }
    case 'enum':
      return `${named(path)}: must be one of ${choices(error.params['allowedValues'])}, got ${shown(error.data)}`;
    case 'const':
      return `${named(path)}: must be ${shown(error.params['allowedValue'])}, got ${shown(error.data)}`;
    case 'anyOf':
    case 'oneOf':
      return `${named(path)}: ${alternativeText(error, all)}`;
    default:
      return `${named(path)}: ${error.message ?? 'is not valid'}, got ${shown(error.data)}`;
  }
}

/** `unknown argument; did you mean limit?`, or what there is. */
export function unknownText(name: string, known: readonly string[]): string {
  const meant = suggestionFor(name, known);
  if (meant !== null) return `is not known; did you mean ${meant}?`;
  if (known.length === 0) return 'is not known; there are no arguments';
  return `is not known; there are ${known.slice(0, MAX_CHOICES).join(', ')}${known.length > MAX_CHOICES ? ', …' : ''}`;
}

function alternativeText(error: ErrorObject, all: readonly ErrorObject[]): string {
  if (error.keyword === 'oneOf' && Array.isArray(error.params['passingSchemas'])) {
    return `must match exactly one of the alternatives, got ${shown(error.data)}`;
  }
  const reasons = all
    .filter((branch) => branch !== error && isBranchError(branch, error))
    .filter(({ keyword }) => keyword !== 'anyOf' && keyword !== 'oneOf')
    .map((branch) => lineOf(branch, []).replace(/, got .*$/s, ''));
  const distinct = [...new Set(reasons)].slice(0, 3).join('; ');
  return `matches none of the alternatives${distinct === '' ? '' : ` (${distinct})`}, got ${shown(error.data)}`;
}

function named(path: string): string {
  return path === '' ? 'arguments' : path;
}

/** A JSON pointer (RFC 6901) as code would write it: `filter[0].name`. */
function pathOf(pointer: string): string {
  const steps = pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  return steps.map((step, index) => (index === 0 ? step : memberPath(step))).join('');
}

function memberPath(step: string): string {
  if (/^\d+$/.test(step)) return `[${step}]`;
  return /^[A-Za-z_][\w-]*$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
}

function typeHint(parentSchema: unknown, name: string): string {
  const properties = isJsonObject(parentSchema) ? parentSchema['properties'] : undefined;
  if (!isJsonObject(properties) || !Object.hasOwn(properties, name)) return '';
  const property = properties[name];
  const type = isJsonObject(property) && Object.hasOwn(property, 'type') ? property['type'] : undefined;
  if (typeof type === 'string') return ` (${type})`;
  return Array.isArray(type) ? ` (${type.join(' or ')})` : '';
}

function propertyNames(parentSchema: unknown): string[] {
  const properties = isJsonObject(parentSchema) ? parentSchema['properties'] : undefined;
  return isJsonObject(properties) ? Object.keys(properties) : [];
}

function choices(values: unknown): string {
  if (!Array.isArray(values)) return 'the allowed values';
  const texts = values.slice(0, MAX_CHOICES).map(shown);
  return texts.join(', ') + (values.length > MAX_CHOICES ? ', …' : '');
}

/** A value as JSON, shortened; large ones by their kind only. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length > 5 ? `an array of ${value.length}` : shortened(value);
  if (isJsonObject(value)) return Object.keys(value).length > 5 ? 'an object' : shortened(value);
  if (typeof value === 'string' && value.length > MAX_VALUE_LENGTH) {
    return `${JSON.stringify(value.slice(0, MAX_VALUE_LENGTH))}… (${value.length} characters)`;
  }
  return JSON.stringify(value) ?? 'nothing';
}

function shortened(value: object): string {
  const text = JSON.stringify(value);
  if (text.length <= MAX_VALUE_LENGTH) return text;
  return Array.isArray(value) ? `an array of ${value.length}` : 'an object';
}
