import type { JsonObject } from '../json.js';
import type { Dialect } from '../spec/dialect.js';
import type { Profile } from './argumentLayout.js';
import { inputSize, LooseSchemas } from './inputSchema.js';
import { OUTPUT_LIMIT } from './outputSchema.js';
import { PortableSchemas } from './portableSchemas.js';
import type { References } from './references.js';
import { SchemaGraph } from './schemaGraph.js';
import type { Schemas } from './schemas.js';
import { VerbatimSchemas } from './verbatimSchemas.js';

/** Characters of JSON up to which a schema that others refer to is written out where it is used. */
const INLINE_LIMIT = 16 * 1024;
/** The same for tools that come out larger than `COMFORTABLE`. */
const TIGHT_INLINE_LIMIT = 1024;
const COMFORTABLE = 64 * 1024;
/** No tool's input schema is larger. */
export const INPUT_LIMIT = 512 * 1024;

/** The ways to write a document's schemas, from the plainest to the most compact. */
export class SchemaTiers {
  readonly #tiers: readonly (() => Schemas)[];
  readonly #loose: Schemas;
  readonly #warn: (text: string) => void;
  readonly output: Schemas;

  constructor(dialect: Dialect, references: References, profile: Profile, warn: (text: string) => void) {
    const draft = dialect.family === 'swagger' || /^3\.0(?:\.|$)/.test(dialect.version);
    const graph = new SchemaGraph(references, draft);
    const portable = (direction: 'input' | 'output', inlineLimit: number) =>
      new PortableSchemas({ references, graph, ignoreSiblings: draft, direction, inlineLimit, warn });
    const [comfortable, tight] = [portable('input', INLINE_LIMIT), portable('input', TIGHT_INLINE_LIMIT)];
    this.#tiers =
      profile === 'verbatim'
        ? // Its definitions keep their names, which are unique in a tool only.
          [() => new VerbatimSchemas({ references, draft, warn })]
        : [() => comfortable, () => tight];
    this.#loose = new LooseSchemas(comfortable);
    this.output = portable('output', OUTPUT_LIMIT);
    this.#warn = warn;
  }

  /** The first result of comfortable size, else the smallest; what is beyond the limit loses its details. */
  fitting<T extends { readonly inputSchema: JsonObject }>(make: (schemas: Schemas) => T): T {
    let best: T | null = null;
    for (const tier of this.#tiers) {
      const made = make(tier());
      if (best === null || inputSize(made.inputSchema) < inputSize(best.inputSchema)) best = made;
      if (inputSize(best.inputSchema) <= COMFORTABLE) return best;
    }
    if (best !== null && inputSize(best.inputSchema) <= INPUT_LIMIT) return best;
    this.#warn('the input schema is too large and was simplified');
    return make(this.#loose);
  }
}
