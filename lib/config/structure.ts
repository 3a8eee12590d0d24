import joi from 'joi';
import type { KeyMeta } from './key.js';

/** A list. `rule` says what of. */
export function list(
  description: string,
  item: joi.Schema,
  options: { readonly rule: string; readonly default?: readonly string[]; readonly single?: boolean },
): joi.ArraySchema {
  const schema = joi
    .array()
    .items(item)
    .single(options.single ?? false)
    .empty(null)
    .description(description)
    .messages({ '*': options.rule });
  return options.default === undefined
    ? schema
    : schema.default([...options.default]).meta({ written: [...options.default] } satisfies KeyMeta);
}

/** Names of the operator's choosing, each with a value of one kind. */
export function named(description: string, value: joi.Schema): joi.ObjectSchema {
  return joi
    .object()
    .pattern(joi.string(), value)
    .empty(null)
    .default({})
    .description(description)
    .messages({ '*': 'must be a mapping of names' })
    .meta({ written: {} } satisfies KeyMeta);
}

/** A mapping with keys of its own; absent and empty (`tls:`) mean every default. */
export function section(description: string, keys: Record<string, joi.Schema>): joi.ObjectSchema {
  return mapping(description, keys).default();
}

/**
 * A mapping that is absent unless given. Unknown keys are reported with the known ones as the message, from
 * which the suggestion is chosen.
 */
export function mapping(description: string, keys: Record<string, joi.Schema>): joi.ObjectSchema {
  return joi
    .object(keys)
    .empty(null)
    .description(description)
    .messages({ '*': 'must be a mapping of keys', 'object.unknown': Object.keys(keys).join(' ') });
}
