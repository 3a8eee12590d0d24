import { writeFileSync } from 'node:fs';
import { configJsonSchema } from './jsonSchema.js';

/*
 * A step of the build, not a part of the library: puts config.schema.json at the root of the build's output, where
 * the package's exports and editors expect it.
 */
const target = new URL('../../config.schema.json', import.meta.url);
writeFileSync(target, JSON.stringify(configJsonSchema(), null, 2) + '\n');
