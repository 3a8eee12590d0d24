import { pathToFileURL } from 'node:url';
import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { type JsonLocation, selectLocations } from '../jsonPath.js';
import { Draft, put, valueAt } from './draft.js';
import { isUrl, redactedLocation } from './location.js';
import { kindOf, type Overlay, type OverlayAction } from './overlay.js';

/** A document with an overlay applied. */
export interface OverlaidDocument {
  readonly root: JsonObject;
  /** One line each. */
  readonly warnings: readonly string[];
}

const MAX_MISMATCHES = 5;

/**
 * Applies the actions in order (Overlay Specification 1.1.0 §4.4.3), each to the result of the one before. The
 * given document stays as it is: what changes is copied on the way to it, so that nodes which a parser shares
 * (YAML aliases) change only where the target says.
 *
 * Where update and target are of different kinds, which 1.1 leaves an error, the update replaces the value and
 * a warning says so: `type: string` → `type: [string, "null"]` is a common need.
 */
export function applyOverlay(
  document: JsonObject,
  documentLocation: string,
  overlay: Overlay,
): OverlaidDocument {
  const shown = redactedLocation(overlay.location);
  const warnings = [...overlay.warnings];
  if (overlay.extends !== null && !isMeantFor(overlay, documentLocation)) {
    warnings.push(
      `overlay ${shown} extends: names ${redactedLocation(overlay.extends)}, which is not the document it is applied to`,
    );
  }
  let root = document;
  overlay.actions.forEach((action, index) => {
    const step = applyAction(root, action);
    root = step.root;
    warnings.push(...step.warnings.map((warning) => `overlay ${shown} actions[${index}]: ${warning}`));
  });
  return { root, warnings };
}

function isMeantFor(overlay: Overlay, documentLocation: string): boolean {
  const base = addressOf(overlay.location);
  if (overlay.extends === null || !URL.canParse(overlay.extends, base)) return false;
  return new URL(overlay.extends, base).href === addressOf(documentLocation);
}

function addressOf(location: string): string {
  return isUrl(location) ? new URL(location).href : pathToFileURL(location).href;
}

function applyAction(root: JsonObject, action: OverlayAction): OverlaidDocument {
  const locations = selectLocations(root, action.target);
  if (locations.length === 0) return { root, warnings: [`target matches nothing: ${action.target}`] };
  const draft = new Draft(root);
  if (action.remove) return removeAll(draft, locations, action.target);
  const source = action.copy === undefined ? null : selectLocations(root, action.copy);
  if (source !== null && source.length !== 1) {
    return { root, warnings: [`copy must select one node, selects ${source.length}: ${action.copy}`] };
  }
  const value = source === null ? action.update : valueAt(root, source[0] ?? []);
  if (value === undefined) return { root, warnings: [] };
  const mismatches: string[] = [];
  for (const location of uniqueLocations(locations)) {
    draft.set(location, merged(draft.get(location), value, pathOf(location), mismatches));
  }
  if (!isJsonObject(draft.root)) {
    return {
      root,
      warnings: [`would replace the whole document by ${kindOf(draft.root)}, which is not done`],
    };
  }
  return { root: draft.root, warnings: mismatchWarnings(mismatches) };
}

function removeAll(draft: Draft, locations: readonly JsonLocation[], target: string): OverlaidDocument {
  // From the end: what is removed first must not move what is removed next.
  for (const location of uniqueLocations(locations).sort(lastFirst)) {
    if (location.length === 0) {
      return { root: draft.original, warnings: [`cannot remove the whole document: ${target}`] };
    }
    draft.remove(location);
  }
  return { root: draft.root as JsonObject, warnings: [] };
}

/** A query may select a node more than once (RFC 9535 §2.1.2). */
function uniqueLocations(locations: readonly JsonLocation[]): JsonLocation[] {
  if (locations.length < 2) return [...locations];
  return [...new Map(locations.map((location) => [JSON.stringify(location), location])).values()];
}

function lastFirst(a: JsonLocation, b: JsonLocation): number {
  for (let depth = 0; depth < Math.min(a.length, b.length); depth += 1) {
    const [left, right] = [a[depth], b[depth]];
    if (typeof left === 'number' && typeof right === 'number' && left !== right) return right - left;
    if (left !== right) return String(left) < String(right) ? 1 : -1;
  }
  return b.length - a.length;
}

function mismatchWarnings(mismatches: readonly string[]): string[] {
  const rest = mismatches.length - MAX_MISMATCHES;
  return rest > 0 ? [...mismatches.slice(0, MAX_MISMATCHES), `and ${rest} more like these`] : [...mismatches];
}

/** Objects are merged recursively, arrays get the update's entries at their end, primitives are replaced. */
function merged(target: Json | undefined, update: Json, path: string, mismatches: string[]): Json {
  if (Array.isArray(target)) {
    // An array *inside* an update that meets anything but an array is a mismatch; an update as a whole is an entry.
    return Array.isArray(update) ? [...target, ...update] : [...target, update];
  }
  return mergedProperty(target, update, path, mismatches);
}

function mergedProperty(target: Json | undefined, update: Json, path: string, mismatches: string[]): Json {
  if (target === undefined) return update;
  if (Array.isArray(target) && Array.isArray(update)) return [...target, ...update];
  if (isJsonObject(target) && isJsonObject(update)) {
    const result: { [key: string]: Json } = { ...target };
    for (const [key, value] of Object.entries(update)) {
      const own = Object.hasOwn(target, key) ? target[key] : undefined;
      put(result, key, mergedProperty(own, value, `${path}${pathStep(key)}`, mismatches));
    }
    return result;
  }
  const isReplaceable = (value: Json): boolean => typeof value !== 'object' || value === null;
  if (!isReplaceable(update) || !isReplaceable(target)) {
    // `components:` with nothing after it is how YAML writers leave a key out.
    if (update === null) return target;
    if (target !== null) mismatches.push(`replaces ${kindOf(target)} by ${kindOf(update)} at ${path}`);
  }
  return update;
}

function pathOf(location: JsonLocation): string {
  return `$${location.map(pathStep).join('')}`;
}

function pathStep(key: string | number): string {
  if (typeof key === 'number') return `[${key}]`;
  return /^[A-Za-z_]\w*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}
