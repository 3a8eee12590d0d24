import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../lib/config/load.js';
import { type ConfigPath, formatPath } from '../../lib/config/path.js';
import { ConfigError } from '../../lib/errors.js';
import { isJsonObject } from '../../lib/json.js';
import { parseText } from '../../lib/yaml.js';

const complete = parseText(
  readFileSync(resolve(import.meta.dirname, '../fixtures/config/complete.yaml'), 'utf8'),
);
const env = Object.fromEntries(
  'DOCS_TOKEN PETS_TOKEN PETS_KEY ID SECRET U P MCP_API_KEYS'
    .split(' ')
    .map((name) => [name, `hunter2-${name}`]),
);

const WRONG: readonly unknown[] = [null, 'hunter2\n', [{}], [null], { 'hunter2 x': { a: [1] } }];

describe('whatever a value is replaced by', () => {
  const paths = pathsOf(complete, []);
  test('there is something to replace', () => expect(paths.length).toBeGreaterThan(150));

  test.each(WRONG.map((wrong) => [JSON.stringify(wrong), wrong]))(
    'by %s: the config is accepted, or refused by lines that tell where and no secret',
    async (_name, wrong) => {
      let refused = 0;
      for (const path of paths) {
        const config = replaced(complete, path, wrong) as object;
        const place = formatPath(path);
        try {
          await loadConfig(config, {
            env,
            use: 'sidecar',
            readFile: () => Promise.resolve(Buffer.from('hunter2')),
          });
        } catch (error) {
          if (!(error instanceof ConfigError))
            throw new Error(`${place}: ${String(error)}`, { cause: error });
          refused += 1;
          for (const line of error.problems) expect(line).toMatch(/^[\w.[\]"<> -]+: \S.*$/);
          const lines = error.problems.filter((line) => !line.startsWith(place) && line.includes('hunter2'));
          expect(lines, place).toEqual([]);
        }
      }
      expect(refused).toBeGreaterThan(30);
    },
  );
});

/** Every place below the root, the mappings and lists themselves included. */
function pathsOf(value: unknown, path: ConfigPath): ConfigPath[] {
  const members = Array.isArray(value)
    ? [...value.entries()]
    : isJsonObject(value)
      ? Object.entries(value)
      : [];
  return members.flatMap(([step, item]) => [[...path, step], ...pathsOf(item, [...path, step])]);
}

function replaced(value: unknown, [step, ...rest]: ConfigPath, by: unknown): unknown {
  if (step === undefined) return by;
  if (Array.isArray(value))
    return value.map((item, index) => (index === step ? replaced(item, rest, by) : item));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, key === step ? replaced(item, rest, by) : item]),
  );
}
