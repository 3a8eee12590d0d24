// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of config files are written like this.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Fault, FaultWorld } from './faultWorld.js';

const REFUSED = 'failed, lists getItem,postBody';
/** The config in force stays in force, and the operator learns why. */
const refused = (reason: string) => `${REFUSED}: ${reason}`;

function fault(
  input: string,
  required: string | RegExp,
  text: string | ((world: FaultWorld) => string),
): Fault {
  return {
    area: 'config',
    input,
    required,
    run: (world) => world.configured(typeof text === 'string' ? text : text(world)),
  };
}

export const configFaults: readonly Fault[] = [
  fault('nothing', refused('is empty'), ''),
  fault(
    'no YAML',
    refused('is not valid YAML at 2:1: unexpected end of the stream within a flow collection'),
    'upstreams: [',
  ),
  fault(
    'NUL bytes',
    refused('is not valid YAML at 1:1: null byte is not allowed in input'),
    '\0'.repeat(100),
  ),
  fault('17 MB', refused('is larger than 16MB'), `# ${'x'.repeat(17 * 1024 * 1024)}\nupstreams: []`),
  fault(
    'an alias bomb',
    refused('has aliases that expand too far'),
    `a: &a [1,2,3,4,5,6,7,8,9]\n${[...'bcdefgh'].map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefg'[index]}`)}]`).join('\n')}`,
  ),
  fault(
    'nested 10,000 deep',
    refused('is not valid YAML at 1:211: nesting exceeded maxDepth (200)'),
    `upstreams: ${'['.repeat(10_000)}${']'.repeat(10_000)}`,
  ),
  fault(
    '__proto__ as a key',
    refused('has the key "__proto__", which is not allowed'),
    (world) => `${world.config()}\n__proto__: { inbound_auth: { strategy: none } }`,
  ),
  fault(
    'constructor as a key',
    refused('has the key "constructor", which is not allowed'),
    (world) => `${world.config()}\nconstructor: { prototype: {} }`,
  ),
  fault(
    'the same key twice',
    /^failed, .*: duplicated mapping key/,
    (world) => `${world.config()}\nupstreams: []`,
  ),
  fault('an upstream that starts a program', /^failed, .*upstreams\[0\]\.type: must be http/, (world) =>
    world.config().replace('name: items,', 'name: items, type: command,'),
  ),
  fault('a variable that is not set', /^failed, .*needs the environment variable NOT_SET_ANYWHERE/, (world) =>
    world.config('egress: { allow_private_spec_servers: "${NOT_SET_ANYWHERE}" }'),
  ),
  fault('auth without a strategy', refused('inbound_auth.strategy: is required'), (world) =>
    world.config('inbound_auth: { jwt: { issuer: "https://x.example", audience: a } }'),
  ),
  fault('auth by a shared secret', /^failed, .*algorithms\[0\]: must be RS256/, (world) =>
    world.config().replace('audience: "', 'algorithms: [HS256], audience: "'),
  ),
  fault('auth without signatures', /^failed, .*algorithms\[0\]: must be RS256/, (world) =>
    world.config().replace('audience: "', 'algorithms: [none], audience: "'),
  ),
  fault(
    'auth of a strategy nobody knows',
    /^failed, .*strategy: must be none, jwt, introspection or apikey/,
    (world) => world.config('inbound_auth: { strategy: nobody }'),
  ),
  fault(
    'an endpoint in the place of metadata',
    /^failed, .*endpoint: must not be below \/\.well-known/,
    (world) => world.config().replace('/victim,', '/.well-known/oauth-protected-resource/items,'),
  ),
  {
    area: 'config',
    input: 'that is gone',
    required: REFUSED,
    async run(world) {
      rmSync(join(world.directory.path, 'mcp.yaml'));
      const { outcome } = await world.handler.reload();
      const listed = await world.listed('/items');
      world.directory.write('mcp.yaml', world.config());
      return `${outcome}, lists ${listed}`;
    },
  },
  {
    area: 'config',
    input: 'whose keys are gone',
    required: 'failed, wrong key 401, former key 200',
    async run(world) {
      world.directory.write('keys', '# nobody\n');
      const { outcome } = await world.handler.reload();
      const [wrong, former] = await Promise.all(
        ['bad-key', 'good-key'].map((key) => world.listed('/keys', { 'X-API-Key': key })),
      );
      world.directory.write('keys', 'good-key\n');
      return `${outcome}, wrong key ${wrong}, former key ${former === 'getItem,postBody' ? 200 : former}`;
    },
  },
];
