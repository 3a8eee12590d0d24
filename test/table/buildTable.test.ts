import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Config, ConflictResolution, GroupConfig } from '../../lib/config/config.js';
import { buildTable } from '../../lib/table/buildTable.js';
import { diffTables } from '../../lib/table/diff.js';
import type { UpstreamSnapshot } from '../../lib/table/routingTable.js';
import type { CompiledTool } from '../../lib/tools/tool.js';

function compiledTool(name: string, description = ''): CompiledTool {
  return {
    name,
    operation: `GET /${name}`,
    authRequired: null,
    requiredScopes: [],
    listed: Buffer.from(JSON.stringify({ name, description })),
    listedDigest: createHash('sha256').update(JSON.stringify({ name, description })).digest('hex'),
    tool: () => {
      throw new Error('not called in this test');
    },
  };
}

function upstreams(tools: Record<string, CompiledTool[]>, selected: Record<string, CompiledTool[]> = {}) {
  return new Map(
    Object.entries(tools).map(([name, compiled]) => [
      name,
      {
        name,
        compiled: {
          tools: compiled,
          selections: new Map(Object.entries(selected).map(([filter, list]) => [filter, new Set(list)])),
        },
      } as unknown as UpstreamSnapshot,
    ]),
  );
}

function configOf(
  groups: (Partial<GroupConfig> & { upstreams: string[] })[],
  options: { page_size?: number; conflict_resolution?: ConflictResolution } = {},
): Config {
  return {
    naming: { conflict_resolution: options.conflict_resolution ?? 'error' },
    tools: { page_size: options.page_size ?? 0 },
    inbound_auth: { strategy: 'none' },
    upstreams: [],
    rate_limits: {},
    groups: groups.map((group) => ({
      name: 'all',
      endpoint: '/mcp',
      filter: null,
      inbound_auth: null,
      ...group,
    })),
  } as unknown as Config;
}

const listedNames = (page: { tools: Uint8Array } | undefined): string[] =>
  (JSON.parse(Buffer.from(page?.tools ?? []).toString()) as { name: string }[]).map((tool) => tool.name);

describe('routing table', () => {
  it('lists the upstreams of a group in the order of the config', () => {
    const { table } = buildTable(
      configOf([{ upstreams: ['b', 'a'] }]),
      upstreams({ a: [compiledTool('a1')], b: [compiledTool('b1'), compiledTool('b2')] }),
      null,
    );
    expect(listedNames(table.groups.get('/mcp')?.pages[0])).toEqual(['b1', 'b2', 'a1']);
    expect(table.generation).toBe(1);
  });

  it('offers only the tools that the filter selects, and warns when it selects none', () => {
    const [safe, unsafe] = [compiledTool('safe'), compiledTool('unsafe')];
    const { table, warnings } = buildTable(
      configOf([
        { upstreams: ['a'], filter: '$.safe' },
        { name: 'none', endpoint: '/none', upstreams: ['a'], filter: '$.nothing' },
      ]),
      upstreams({ a: [safe, unsafe] }, { '$.safe': [safe], '$.nothing': [] }),
      null,
    );
    expect(table.groups.get('/mcp')?.tools.map((tool) => tool.name)).toEqual(['safe']);
    expect(warnings).toEqual(['groups "none": filter $.nothing selects no operation of any document']);
  });

  it('cuts the list into pages whose cursors carry the fingerprint', () => {
    const tools = ['a', 'b', 'c', 'd', 'e'].map((name) => compiledTool(name));
    const { table } = buildTable(
      configOf([{ upstreams: ['u'] }], { page_size: 2 }),
      upstreams({ u: tools }),
      null,
    );
    const group = table.groups.get('/mcp');
    expect(group?.pages.map(listedNames)).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
    expect(
      group?.pages.map((page) => page.nextCursor && Buffer.from(page.nextCursor, 'base64url').toString()),
    ).toEqual([`${group?.fingerprint}.2`, `${group?.fingerprint}.4`, null]);
  });

  it('answers one empty page for a group without tools', () => {
    const { table } = buildTable(configOf([{ upstreams: ['u'] }]), upstreams({ u: [] }), null);
    expect(table.groups.get('/mcp')?.pages.map(listedNames)).toEqual([[]]);
  });

  describe('with one name offered by two upstreams', () => {
    const rivals = upstreams({ a: [compiledTool('x')], b: [compiledTool('x'), compiledTool('y')] });
    const names = (conflict_resolution: ConflictResolution) =>
      buildTable(configOf([{ upstreams: ['a', 'b'] }], { conflict_resolution }), rivals, null);

    it('refuses the table by default, naming both', () => {
      expect(() => names('error')).toThrowError(
        'groups "all": tool name "x" is offered by upstreams "a" and "b": give them different tool_prefix values, or set naming.conflict_resolution',
      );
    });
    it('lists the first by first_wins', () => {
      const { table, warnings } = names('first_wins');
      const group = table.groups.get('/mcp');
      expect(group?.tools.map((tool) => `${tool.upstream.name}.${tool.name}`)).toEqual(['a.x', 'b.y']);
      expect(warnings).toHaveLength(1);
    });
    it('lists none by skip', () => {
      expect(
        names('skip')
          .table.groups.get('/mcp')
          ?.tools.map((tool) => tool.name),
      ).toEqual(['y']);
    });
  });

  it('says what changed between two tables, endpoint by endpoint', () => {
    const kept = compiledTool('kept');
    const config = configOf([
      { upstreams: ['u'] },
      { name: 'still', endpoint: '/still', upstreams: ['v'] },
      { name: 'gone', endpoint: '/gone', upstreams: ['v'] },
    ]);
    const still = compiledTool('still');
    const before = buildTable(
      config,
      upstreams({ u: [kept, compiledTool('edited', 'old'), compiledTool('left')], v: [still] }),
      null,
    ).table;
    const after = buildTable(
      configOf([{ upstreams: ['u'] }, { name: 'still', endpoint: '/still', upstreams: ['v'] }]),
      upstreams({ u: [kept, compiledTool('edited', 'new'), compiledTool('came')], v: [still] }),
      before,
    ).table;
    expect(diffTables(before, after)).toEqual([
      { endpoint: '/gone', added: [], removed: ['still'], changed: [] },
      { endpoint: '/mcp', added: ['came'], removed: ['left'], changed: ['edited'] },
    ]);
    expect(after.groups.get('/still')?.pages).toBe(before.groups.get('/still')?.pages);
    expect(after.fingerprint).not.toBe(before.fingerprint);
  });
});
