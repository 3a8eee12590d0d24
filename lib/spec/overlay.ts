import { SourceError } from '../errors.js';
import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { jsonPathProblem } from '../jsonPath.js';
import { parseText } from '../yaml.js';
import { redactedLocation } from './location.js';
import type { SourceText } from './source.js';
import { textOf } from './text.js';

/** One change: to every node that `target` selects. */
export interface OverlayAction {
  /** RFC 9535. */
  readonly target: string;
  /** At most one of `remove`, `update` and `copy` is set; remove wins in the text. */
  readonly remove: boolean;
  readonly update: Json | undefined;
  /** RFC 9535, selects the one node to take the value from (1.1). */
  readonly copy: string | undefined;
}

/** An Overlay document (OpenAPI Overlay Specification 1.0 and 1.1), checked. */
export interface Overlay {
  readonly location: string;
  /** URI reference of the document it is meant for; null = any. */
  readonly extends: string | null;
  readonly actions: readonly OverlayAction[];
  readonly warnings: readonly string[];
}

const ROOT_KEYS = ['overlay', 'info', 'extends', 'actions'];
const ACTION_KEYS = ['target', 'description', 'update', 'copy', 'remove'];

/** @throws SourceError stage `overlay` with every problem of the text. */
export function parseOverlay(source: SourceText): Overlay {
  const shown = redactedLocation(source.location);
  const reject = (problems: readonly string[], cause?: unknown): never => {
    throw new SourceError('overlay', shown, problems.join('\n'), { problems, cause });
  };
  let value: unknown;
  try {
    value = parseText(textOf(source.bytes), { refuseUnsafeKeys: true });
  } catch (error) {
    return reject([error instanceof Error ? error.message : 'cannot be parsed'], error);
  }
  if (!isJsonObject(value)) return reject([`must be an overlay (an object), got ${kindOf(value)}`]);
  const problems: string[] = [];
  const warnings: string[] = [];
  const version = versionOf(value, problems);
  problems.push(...unknownKeys(value, ROOT_KEYS, '', 'an overlay'));
  if (!isJsonObject(value['info'])) warnings.push('info: must have title and version');
  if (value['extends'] !== undefined && typeof value['extends'] !== 'string') {
    problems.push(`extends: must be a URI reference, got ${shownValue(value['extends'])}`);
  }
  const actions = actionsOf(value, version, problems, warnings);
  if (problems.length > 0) return reject(problems);
  return {
    location: source.location,
    extends: typeof value['extends'] === 'string' ? value['extends'] : null,
    actions,
    warnings: warnings.map((warning) => `overlay ${shown} ${warning}`),
  };
}

/** `1.0` or `1.1`; YAML reads an unquoted 1.0 as the number 1. */
function versionOf(overlay: JsonObject, problems: string[]): '1.0' | '1.1' {
  const stated = Object.hasOwn(overlay, 'overlay') ? overlay['overlay'] : undefined;
  const text = typeof stated === 'number' ? stated.toFixed(1) : stated;
  if (typeof text === 'string' && /^1\.0(?:\.|$)/.test(text)) return '1.0';
  if (typeof text === 'string' && /^1\.1(?:\.|$)/.test(text)) return '1.1';
  problems.push(`overlay: must be 1.0.x or 1.1.x, got ${shownValue(stated)}`);
  return '1.1';
}

function actionsOf(
  overlay: JsonObject,
  version: '1.0' | '1.1',
  problems: string[],
  warnings: string[],
): OverlayAction[] {
  const { actions } = overlay;
  if (!Array.isArray(actions) || actions.length === 0) {
    problems.push(`actions: must be a list of at least one action, got ${shownValue(actions)}`);
    return [];
  }
  return actions.flatMap((action: Json, index) => {
    const path = `actions[${index}]`;
    if (!isJsonObject(action)) {
      problems.push(`${path}: must be an object, got ${shownValue(action)}`);
      return [];
    }
    problems.push(...actionProblems(action, path, version));
    const remove = action['remove'] === true;
    const { update, copy, target } = action;
    if (!remove && update === undefined && copy === undefined) {
      warnings.push(`${path}: does nothing without update, copy or remove: true`);
      return [];
    }
    if (typeof target !== 'string') return [];
    return [{ target, remove, update, copy: typeof copy === 'string' ? copy : undefined }];
  });
}

function actionProblems(action: JsonObject, path: string, version: '1.0' | '1.1'): string[] {
  const { target, remove, update, copy } = action;
  const problems = unknownKeys(action, ACTION_KEYS, `${path}.`, 'an overlay action');
  problems.push(...queryProblem(target, `${path}.target`));
  if (remove !== undefined && typeof remove !== 'boolean') {
    problems.push(`${path}.remove: must be true or false, got ${shownValue(remove)}`);
  }
  if (copy === undefined) return problems;
  problems.push(...queryProblem(copy, `${path}.copy`));
  if (version === '1.0') problems.push(`${path}.copy: needs overlay: 1.1.0`);
  if (update !== undefined) problems.push(`${path}: must have only one of update and copy`);
  return problems;
}

function queryProblem(value: Json | undefined, path: string): string[] {
  if (typeof value !== 'string') return [`${path}: must be a JSONPath (RFC 9535), got ${shownValue(value)}`];
  const problem = jsonPathProblem(value);
  return problem === null
    ? []
    : [`${path}: must be a JSONPath (RFC 9535), got ${shownValue(value)}: ${problem}`];
}

function unknownKeys(object: JsonObject, known: readonly string[], path: string, what: string): string[] {
  return Object.keys(object)
    .filter((key) => !known.includes(key) && !key.startsWith('x-'))
    .map((key) => `${path}${key}: is not a key of ${what} (${known.join(', ')})`);
}

/** `an array`, `a string` … */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function shownValue(value: unknown): string {
  if (typeof value === 'object' || value === undefined) return kindOf(value);
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
