import { messageOf, SourceError } from '../errors.js';
import { isJsonObject, type Json, type JsonObject } from '../json.js';
import { parseText } from '../yaml.js';
import { applyOverlay } from './applyOverlay.js';
import { Bundle } from './bundle.js';
import { type Dialect, dialectOf } from './dialect.js';
import { redactedLocation } from './location.js';
import { parseOverlay } from './overlay.js';
import { isReference } from './reference.js';
import { type ReferencedFile, ReferenceLoader, type ReferencePolicy } from './referenceLoader.js';
import type { SourceText } from './source.js';
import { textOf } from './text.js';

/** An OpenAPI document as the compiler takes it: one object, only local references, overlays applied. */
export interface PreparedDocument {
  /** References that could not be had are still there, not starting with `#`. */
  readonly root: JsonObject;
  readonly dialect: Dialect;
  /** `info.title`; "" if there is none. */
  readonly title: string;
  /** `info.version`; "" if there is none. */
  readonly version: string;
  /** One line each. */
  readonly warnings: readonly string[];
  /** Files that references led to, ordered by path. */
  readonly files: readonly ReferencedFile[];
  /** Where the document came from; relative server URLs resolve against it. */
  readonly location: string;
}

/**
 * Parses a document, pulls in what it refers to, applies overlays. Only what cannot be an OpenAPI document at
 * all is refused: real, served documents fail every validator. Synchronous for most of its time, and long:
 * run it off the main thread.
 *
 * @throws SourceError stage `parse` for the document, `overlay` for an overlay.
 */
export async function prepareDocument(
  document: SourceText,
  overlays: readonly SourceText[],
  options: ReferencePolicy,
): Promise<PreparedDocument> {
  const shown = redactedLocation(document.location);
  const parsedOverlays = overlays.map(parseOverlay);
  let root = parseDocument(document);
  const loader = new ReferenceLoader(document.location, options);
  const bundle = new Bundle(loader);
  await bundle.gather(root);
  const warnings: string[] = [];
  for (const overlay of parsedOverlays) {
    const overlaid = applyOverlay(root, document.location, overlay);
    root = overlaid.root;
    warnings.push(...overlaid.warnings);
  }
  // An overlay may add references to other files.
  if (overlays.length > 0) await bundle.gather(root);
  const info = isJsonObject(root['info']) ? root['info'] : {};
  return {
    root,
    dialect: checkedDialect(root, shown),
    title: textIn(info['title']),
    version: textIn(info['version']),
    warnings: [...bundle.warnings(), ...warnings],
    files: [...loader.files].sort((a, b) => (a.path < b.path ? -1 : 1)),
    location: document.location,
  };
}

function parseDocument({ location, bytes }: SourceText): JsonObject {
  try {
    const root = parseText(textOf(bytes));
    dialectOf(root);
    return root as JsonObject;
  } catch (error) {
    throw new SourceError('parse', redactedLocation(location), messageOf(error), { cause: error });
  }
}

/** Again, for what references and overlays have made of it. */
function checkedDialect(root: JsonObject, shown: string): Dialect {
  try {
    if (!isReference(root['paths'])) return dialectOf(root);
  } catch (error) {
    throw new SourceError('parse', shown, messageOf(error), { cause: error });
  }
  throw new SourceError('parse', shown, `paths: refers to "${root['paths'].$ref}", which could not be had`);
}

function textIn(value: Json | undefined): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
