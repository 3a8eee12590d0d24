import { isJsonObject, type Json, type JsonObject } from '../json.js';
import type { BodyPlan, BodyProperty, ValueStyle } from '../tools/tool.js';
import { ArgumentError } from './argumentError.js';
import { decodeBase64, fileOf } from './base64.js';
import { argumentOf, declaredValue, isLongInteger, propertyTypes } from './declaredValue.js';
import { encodeUnreserved, uriEncoder } from './encoding.js';
import { multipartBody, type PropertyValue } from './multipart.js';
import { pairsOf, textOf } from './serialize.js';

export interface BuiltBody {
  /** The `Content-Type` header. */
  readonly contentType: string;
  readonly bytes: Uint8Array;
  /** True when it says nothing: no bytes, no parts, `{}`. A GET leaves such a body out. */
  readonly empty: boolean;
}

/** How a property travels that the plan says nothing of; objects as JSON (OpenAPI, Encoding Object defaults). */
const FORM_DEFAULT: ValueStyle = { style: 'form', explode: true, allowReserved: false, contentType: null };

/**
 * The body, or null when nothing is to be sent: an absent optional body has neither bytes nor a Content-Type.
 * @throws ArgumentError
 */
export function buildBody(plan: BodyPlan, args: JsonObject): BuiltBody | null {
  if (plan.argument === null) {
    const values = flattenedValues(plan, args);
    return values === null ? null : encodeValues(plan, values);
  }
  const value = argumentOf(args, plan.argument);
  if (value === undefined || (value === null && !acceptsNull(plan))) {
    if (plan.required) throw new ArgumentError(plan.argument, 'is required');
    return null;
  }
  return encodeWhole(plan, plan.argument, value);
}

function acceptsNull(plan: BodyPlan): boolean {
  return plan.encoding === 'json' && (plan.types.length === 0 || plan.types.includes('null'));
}

/** The given properties in the plan's order, required defaults filled in; null when there is no body to send. */
function flattenedValues(plan: BodyPlan, args: JsonObject): PropertyInBody[] | null {
  const given = plan.properties.some((property) => argumentOf(args, property.argument) !== undefined);
  if (!given && !plan.required) return null;
  const values: PropertyInBody[] = [];
  for (const property of plan.properties) {
    const value = argumentOf(args, property.argument) ?? defaultOf(property, args);
    if (value !== undefined) {
      values.push({ property, value });
    } else if (property.required) {
      throw new ArgumentError(property.argument, 'is required');
    }
  }
  return values;
}

function defaultOf(property: BodyProperty, args: JsonObject): Json | undefined {
  const value = argumentOf(args, property.argument);
  return value === undefined && property.required ? property.default : value;
}

type PropertyInBody = PropertyValue & { readonly property: ValueStyle & Partial<BodyProperty> };

function encodeValues(plan: BodyPlan, values: readonly PropertyInBody[]): BuiltBody {
  switch (plan.encoding) {
    case 'form':
      return formBody(plan.mediaType, values);
    case 'multipart': {
      const { boundary, bytes } = multipartBody(values);
      const contentType = `${plan.mediaType.replace(/;\s*boundary=[^;]*/i, '')}; boundary=${boundary}`;
      return { contentType, bytes, empty: values.length === 0 };
    }
    case 'json':
    case 'text':
    case 'binary':
      return jsonBody(plan.mediaType, values);
  }
}

function encodeWhole(plan: BodyPlan, argument: string, value: Json): BuiltBody {
  switch (plan.encoding) {
    case 'json': {
      const text = isLongInteger(value, plan.types) ? value : JSON.stringify(value);
      return { contentType: plan.mediaType, bytes: utf8(text), empty: text === '{}' || text === 'null' };
    }
    case 'text':
      return textBody(plan.mediaType, argument, value);
    case 'binary': {
      const bytes = typeof value === 'string' ? decodeBase64(value, argument) : fileOf(value, argument).bytes;
      return { contentType: plan.mediaType, bytes, empty: bytes.length === 0 };
    }
    case 'form':
    case 'multipart':
      return encodeValues(plan, propertiesOfWhole(plan, argument, value));
  }
}

function propertiesOfWhole(plan: BodyPlan, argument: string, value: Json): PropertyInBody[] {
  if (!isJsonObject(value)) throw new ArgumentError(argument, 'must be an object');
  const planned = new Map(plan.properties.map((property) => [property.name, property]));
  return Object.entries(value).map(([name, item]) => {
    const path = `${argument}.${name}`;
    const property = planned.get(name);
    if (property === undefined) {
      const contentType = isJsonObject(item) ? 'application/json' : null;
      return { property: { ...FORM_DEFAULT, contentType, name, argument: path, binary: false }, value: item };
    }
    return {
      property: { ...property, argument: path },
      value: declaredValue(item, propertyTypes(property)),
    };
  });
}

/** A long integer (see `isLongInteger`) is written as the number it stands for, digit by digit. */
function jsonBody(mediaType: string, values: readonly PropertyInBody[]): BuiltBody {
  const members = values.map(({ property, value }) => {
    const text = isLongInteger(value, property.types ?? []) ? value : JSON.stringify(value);
    return `${JSON.stringify(property.name)}:${text}`;
  });
  return { contentType: mediaType, bytes: utf8(`{${members.join(',')}}`), empty: members.length === 0 };
}

function formBody(mediaType: string, values: readonly PropertyInBody[]): BuiltBody {
  const pairs = values.flatMap(({ property, value }) =>
    pairsOf(property.name, value, property, formEncoder(property)),
  );
  const bytes = utf8(pairs.join('&'));
  return { contentType: mediaType, bytes, empty: bytes.length === 0 };
}

function formEncoder(property: PropertyInBody['property']) {
  return property.allowReserved
    ? uriEncoder(property.argument, true, 'query')
    : (text: string) => encodeUnreserved(text, property.argument);
}

function textBody(mediaType: string, argument: string, value: Json): BuiltBody {
  if (typeof value === 'object') {
    throw new ArgumentError(argument, `must be a string that holds the ${mediaType} text`);
  }
  const latin1 = /;\s*charset="?(?:iso-8859-1|latin1)"?/i.test(mediaType);
  const bytes = latin1 ? Buffer.from(textOf(value), 'latin1') : utf8(textOf(value));
  return { contentType: mediaType, bytes, empty: bytes.length === 0 };
}

function utf8(text: string): Uint8Array {
  return Buffer.from(text, 'utf8');
}
