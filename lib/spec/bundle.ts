import { messageOf } from '../errors.js';
import type { Json, JsonObject } from '../json.js';
import { isJsonObject } from '../json.js';
import { redactedLocation } from './location.js';
import { isReference, pointerToken, pointerTokens, resolvePointer } from './reference.js';
import { type ReferenceLoader, withoutFragment } from './referenceLoader.js';
import { type ReferenceSite, ReferenceWalk } from './referenceSites.js';

/** Where the documents that were pulled in stand, by name. */
export const BUNDLE_KEY = 'x-mcp-anything-references';
const MAX_WARNINGS = 20;
/** Files read and answers awaited at a time. */
const CONCURRENCY = 16;
/** References in a row, from a path to its item for instance. */
const MAX_CHAIN = 20;

type Mutable = { [key: string]: unknown };

/** One document of several: the root, or one that was pulled in. */
interface Part {
  readonly address: URL;
  /** What leads to it from the root, as a fragment pointer: `#` for the root itself. */
  readonly prefix: string;
  readonly content: unknown;
}

interface Lead {
  readonly site: ReferenceSite;
  readonly from: Part;
  readonly address: URL;
  /** `#/…`, or "" for the whole document. */
  readonly fragment: string;
}

/**
 * Makes a document of several files one: each file that a reference leads to is kept once under `BUNDLE_KEY`,
 * references into it become local pointers, and path items and operations stand where they are referred to, so
 * that overlays and filters see them. A reference that cannot be had stays as it is.
 *
 * Whole files rather than copies per reference: nothing multiplies, cycles stay cycles, no pointer dangles.
 */
export class Bundle {
  readonly #loader: ReferenceLoader;
  readonly #walk = new ReferenceWalk();
  /** By address; null = cannot be had. */
  readonly #parts = new Map<string, Part | null>();
  readonly #problems = new Map<string, string>();
  #leads: Lead[] = [];

  constructor(loader: ReferenceLoader) {
    this.#loader = loader;
  }

  /** Changes `root` in place. May be called again with what overlays have made of it. */
  async gather(root: JsonObject): Promise<void> {
    const { origin } = this.#loader;
    const rootPart: Part = { address: origin, prefix: '#', content: root };
    this.#parts.set(origin.href, rootPart);
    this.#collect(rootPart, root, false);
    while (this.#leads.length > 0) {
      const leads = this.#leads;
      this.#leads = [];
      await this.#loadParts(leads);
      for (const lead of leads) this.#settle(lead);
    }
    const pulledIn = [...this.#parts.values()].flatMap((part) =>
      part === null || part === rootPart ? [] : [[this.#loader.nameOf(part.address), part.content]],
    );
    if (pulledIn.length === 0) return;
    // What an overlay has changed in a file since the last time is the newer version of it.
    const kept = isJsonObject(root[BUNDLE_KEY]) ? root[BUNDLE_KEY] : {};
    (root as Mutable)[BUNDLE_KEY] = { ...Object.fromEntries(pulledIn), ...kept };
    inlineStructure(root as Mutable);
  }

  /** One line each. */
  warnings(): string[] {
    const lines = [...this.#problems.values()];
    const rest = lines.length - MAX_WARNINGS;
    return rest > 0 ? [...lines.slice(0, MAX_WARNINGS), `and ${rest} more references like these`] : lines;
  }

  #collect(from: Part, node: unknown, isMap: boolean): void {
    for (const site of this.#walk.sitesUnder(node, isMap)) {
      const hash = site.text.indexOf('#');
      const fragment = hash === -1 ? '' : site.text.slice(hash);
      if (hash === 0) this.#leads.push({ site, from, address: from.address, fragment });
      else if (URL.canParse(site.text, from.address.href)) {
        const address = withoutFragment(new URL(site.text, from.address));
        this.#leads.push({ site, from, address, fragment: fragment === '#' ? '' : fragment });
      } else this.#warn(site.text, site.text, from, 'is not a valid URI reference');
    }
  }

  async #loadParts(leads: readonly Lead[]): Promise<void> {
    const missing = new Map<string, Lead>();
    for (const lead of leads) {
      const { href } = lead.address;
      if (!this.#parts.has(href) && !missing.has(href)) missing.set(href, lead);
    }
    const queue = [...missing.values()];
    while (queue.length > 0) {
      const batch = queue.splice(0, CONCURRENCY);
      const answers = await Promise.allSettled(batch.map(({ address }) => this.#loader.read(address)));
      for (const [index, lead] of batch.entries()) this.#addPart(lead, answers[index]);
    }
  }

  #addPart({ address, from }: Lead, answer: PromiseSettledResult<Uint8Array> | undefined): void {
    const name = this.#loader.nameOf(address);
    try {
      if (answer?.status !== 'fulfilled') throw answer?.reason;
      const content = this.#loader.parse(address, answer.value);
      this.#parts.set(address.href, { address, prefix: `#/${BUNDLE_KEY}/${pointerToken(name)}`, content });
    } catch (error) {
      this.#parts.set(address.href, null);
      this.#warn(address.href, name, from, messageOf(error));
    }
  }

  #settle({ site, from, address, fragment }: Lead): void {
    const part = this.#parts.get(address.href);
    if (part === undefined || part === null) return;
    const tokens = pointerTokens(fragment);
    if (tokens === null) {
      // An anchor. In the root it stays for whoever knows anchors; elsewhere it would change its meaning.
      if (part.prefix !== '#')
        this.#warn(site.text, site.text, from, 'names an anchor, which is not supported');
      return;
    }
    const { value, passed } = lookUp(part.content, tokens);
    for (const node of passed) this.#collect(part, node, false);
    const isWritten = part.prefix === '#' && from.prefix === '#' && site.text.startsWith('#');
    if (!isWritten) {
      site.rewrite(part.prefix + fragment.slice(1));
      if (value !== undefined && !isJsonObject(value)) site.replace(value);
    }
    if (value !== undefined) this.#collect(part, value, site.isMap);
  }

  #warn(key: string, reference: string, from: Part, problem: string): void {
    if (this.#problems.has(key)) return;
    const place = from.prefix === '#' ? '' : ` in ${redactedLocation(this.#loader.nameOf(from.address))}`;
    this.#problems.set(key, `$ref "${redactedLocation(reference)}"${place}: ${problem}`);
  }
}

/** The value at a pointer, and the references on the way to it: a pointer may lead through one. */
function lookUp(
  root: unknown,
  tokens: readonly string[],
): { readonly value: unknown; readonly passed: readonly unknown[] } {
  const passed: unknown[] = [];
  let value = root;
  for (const token of tokens) {
    if (isReference(value)) passed.push(value);
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, token)) {
      return { value: undefined, passed };
    }
    value = (value as Mutable)[token];
  }
  return { value, passed };
}

/** Puts what overlays and filters address by path where the path says: sections, path items, operations. */
function inlineStructure(root: Mutable): void {
  for (const key of ['paths', 'components', 'definitions', 'parameters', 'responses']) {
    if (Object.hasOwn(root, key)) root[key] = inlined(root, root[key]);
  }
  const { paths, components } = root;
  for (const parent of [paths, components]) inlineChildren(root, parent);
  if (isJsonObject(paths)) for (const item of Object.values(paths)) inlineChildren(root, item);
}

function inlineChildren(root: Mutable, parent: unknown): void {
  if (!isJsonObject(parent)) return;
  for (const [key, value] of Object.entries(parent)) {
    if (isReference(value)) (parent as Mutable)[key] = inlined(root, value);
  }
}

/** A copy of the target with the reference's siblings over it; anything but a reference into the bundle as it is. */
function inlined(root: Mutable, value: unknown): unknown {
  let result = value;
  for (let hop = 0; hop < MAX_CHAIN && isReference(result); hop += 1) {
    if (!result.$ref.startsWith(`#/${BUNDLE_KEY}/`)) break;
    const target = resolvePointer(root as Json as JsonObject, result.$ref);
    if (!isJsonObject(target.value)) break;
    const { $ref: _, ...siblings } = result;
    result = { ...target.value, ...siblings };
  }
  return result;
}
