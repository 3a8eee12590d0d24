import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { dirname, join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { SourceError } from '../../lib/errors.js';
import type { JsonObject } from '../../lib/json.js';
import { prepareDocument } from '../../lib/spec/document.js';
import { compileDocument } from '../../lib/tools/compile.js';
import { type CompilePlace, Compiler, type CompilerOptions } from '../../lib/tools/compiler.js';
import type { CompileJob, CompileOptions } from '../../lib/tools/tool.js';
import { busiestThread, childrenOf, threadsOf } from '../support/childProcesses.js';
import { openapi } from '../support/compiledDocument.js';
import { compileOptions } from '../support/compileOptions.js';
import { GITHUB } from '../support/realDocuments.js';
import { TemporaryDirectory } from '../support/temporaryDirectory.js';

const compilers: Compiler[] = [];
afterEach(async () => {
  await Promise.all(compilers.splice(0).map((compiler) => compiler.close()));
});

const text = (value: unknown): Uint8Array =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));

function job(
  document: JsonObject | string,
  options: Partial<CompileOptions> = {},
  overlays: JsonObject[] = [],
): CompileJob {
  return {
    upstream: 'test',
    document: { location: '/specs/api.json', bytes: text(document) },
    overlays: overlays.map((overlay, index) => ({
      location: `/specs/overlay${index}.json`,
      bytes: text(overlay),
    })),
    options: compileOptions(options),
  };
}

const PETS = openapi({
  '/pets': {
    get: { operationId: 'list', 'x-mcp-auth-required': true, 'x-mcp-scopes': ['read'] },
    post: {
      operationId: 'create',
      requestBody: { content: { 'application/json': { schema: { type: 'array', items: {} } } } },
    },
  },
});
const github = (options: Partial<CompileOptions> = {}): CompileJob => ({
  upstream: 'github',
  document: { location: GITHUB.path, bytes: readFileSync(GITHUB.path) },
  overlays: [],
  options: compileOptions(options),
});
/** Takes far longer than any test waits: a query that looks at everything below everything below everything. */
const ENDLESS = '$..[?count(@..[?count(@..*) < 0]) < 0]';

/** Threads of this process, or processes that it has started. */
const workersOf: Readonly<Record<CompilePlace, () => number>> = {
  thread: () => readdirSync('/proc/self/task').length,
  process: () => childrenOf(process.pid).length,
};

describe.each<CompilePlace>(['thread', 'process'])('in a %s', (place) => {
  function compiler(options: CompilerOptions = {}): Compiler {
    const made = new Compiler({ place, ...options });
    compilers.push(made);
    return made;
  }

  describe('a compiled upstream', () => {
    test('is what the compiler makes without a worker', async () => {
      const filters = ['$.paths.*.get', '$.nothing'];
      const given = job(PETS, { filters });
      const compiled = await compiler().compile(given, { deadline: 100_000 });
      const expected = compileDocument(
        await prepareDocument(given.document, [], given.options),
        given.options,
      );

      expect(compiled.tools.map((tool) => tool.tool())).toEqual(expected.tools);
      expect(compiled.tools.map((tool) => tool.name)).toEqual(['create', 'list']);
      const [, list] = compiled.tools;
      expect(list).toMatchObject({ operation: 'GET /pets', authRequired: true, requiredScopes: ['read'] });
      expect(JSON.parse(new TextDecoder().decode(list?.listed))).toEqual({
        name: 'list',
        description: 'GET /pets',
        inputSchema: { type: 'object', properties: {}, additionalProperties: false },
        annotations: expected.tools[1]?.annotations,
      });
      expect([...(compiled.selections.get('$.paths.*.get') ?? [])]).toEqual([list]);
      expect(compiled.selections.get('$.nothing')?.size).toBe(0);
      expect(compiled).toMatchObject({
        title: 'API',
        version: '1',
        dialect: 'openapi 3.1',
        server: 'https://api.example.com',
        warnings: [],
        files: [],
      });
      expect(Object.isFrozen(compiled)).toBe(true);
    });

    test('parses a tool once', async () => {
      const { tools } = await compiler().compile(job(PETS), { deadline: 100_000 });
      expect(tools[0]?.tool()).toBe(tools[0]?.tool());
    });

    test('has its overlays applied', async () => {
      const overlay = {
        overlay: '1.0.0',
        info: { title: 'O', version: '1' },
        actions: [{ target: "$.paths['/pets'].post", remove: true }],
      };
      const { tools } = await compiler().compile(job(PETS, {}, [overlay]), { deadline: 100_000 });
      expect(tools.map(({ name }) => name)).toEqual(['list']);
    });

    test('leaves the caller’s bytes as they are', async () => {
      const given = job(PETS);
      const copy = Buffer.from(given.document.bytes);
      await compiler().compile(given, { deadline: 100_000 });
      expect(Buffer.from(given.document.bytes).equals(copy)).toBe(true);
    });

    test('may come from shared memory', async () => {
      const given = job(PETS);
      const shared = new Uint8Array(new SharedArrayBuffer(given.document.bytes.length));
      shared.set(given.document.bytes);
      const document = { ...given.document, bytes: shared };
      expect((await compiler().compile({ ...given, document }, { deadline: 100_000 })).tools).toHaveLength(2);
    });

    test('names a dropped operation in its warnings', async () => {
      const document = openapi({
        '/a': { get: {} },
        '/b/{id}': { get: { parameters: [{ name: 'id', in: 'path', schema: { enum: ['..'] } }] } },
      });
      const { tools, warnings } = await compiler().compile(job(document), { deadline: 100_000 });
      expect(tools.map(({ operation }) => operation)).toEqual(['GET /a']);
      expect(warnings.join()).toMatch(/^GET \/b\/\{id\}: no request can be built .*; dropped$/);
    });
  });

  describe('a failure', () => {
    test.each<[string, CompileJob, object]>([
      [
        'a document that is HTML',
        job('<!doctype html><html></html>'),
        { stage: 'parse', source: '/specs/api.json', code: 'MCP_ANYTHING_ERR_SPEC_INVALID' },
      ],
      ['an empty document', job(''), { stage: 'parse' }],
      [
        'no server',
        job(PETS, { base_url: null }),
        { stage: 'compile', message: 'the document names no server; set base_url' },
      ],
      [
        'an overlay that is none',
        job(PETS, {}, [{ overlay: '9' }]),
        { stage: 'overlay', source: '/specs/overlay0.json' },
      ],
      [
        'no request that can be built',
        job(
          openapi({
            '/{id}': { get: { parameters: [{ name: 'id', in: 'path', schema: { enum: ['..'] } }] } },
          }),
        ),
        { stage: 'dry_run' },
      ],
    ])('of %s arrives as it is', async (_, given, expected) => {
      const failure = await compiler()
        .compile(given, { deadline: 100_000 })
        .catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(SourceError);
      expect(failure).toMatchObject(expected);
      expect((failure as SourceError).problems.length).toBeGreaterThan(0);
    });

    test('past the deadline ends the worker, however busy it is', async () => {
      const start = performance.now();
      const compiling = compiler().compile(github({ filters: [ENDLESS] }), { deadline: 1_500 });
      await expect(compiling).rejects.toMatchObject({
        stage: 'compile',
        source: GITHUB.path,
        message: 'is not compiled after 1.5 s',
      });
      expect(performance.now() - start).toBeLessThan(8_000);
    });

    test.each([4, 40, 56])('of memory (%i MB) ends the worker, and nothing else', async (memoryLimitMb) => {
      const compiling = compiler({ memoryLimitMb }).compile(github({ filters: ['$..*'] }), {
        deadline: 100_000,
      });
      await expect(compiling).rejects.toMatchObject({
        stage: 'compile',
        message: `needs more than ${memoryLimitMb} MB of memory to compile`,
      });
    });

    test('leaves the compiler usable', async () => {
      const one = compiler({ parallelism: 1 });
      await expect(one.compile(job('['), { deadline: 100_000 })).rejects.toBeInstanceOf(SourceError);
      await expect(one.compile(job(PETS), { deadline: 0 })).rejects.toBeInstanceOf(SourceError);
      expect((await one.compile(job(PETS), { deadline: 100_000 })).tools).toHaveLength(2);
    });
  });

  describe('aborting', () => {
    test('ends a running job with the reason', async () => {
      const stop = new AbortController();
      const compiling = compiler().compile(github({ filters: [ENDLESS] }), {
        deadline: 110_000,
        signal: stop.signal,
      });
      setTimeout(() => stop.abort(new Error('overtaken')), 300);
      await expect(compiling).rejects.toThrow('overtaken');
    });

    test('takes a waiting job out of the line', async () => {
      const one = compiler({ parallelism: 1 });
      const stop = new AbortController();
      const running = one.compile(job(PETS), { deadline: 100_000 });
      const waiting = one.compile(job(PETS), { deadline: 100_000, signal: stop.signal });
      const last = one.compile(job(PETS), { deadline: 100_000 });
      stop.abort(new Error('overtaken'));
      await expect(waiting).rejects.toThrow('overtaken');
      expect((await running).tools).toHaveLength(2);
      expect((await last).tools).toHaveLength(2);
    });

    test('before the start starts nothing', async () => {
      const signal = AbortSignal.abort(new Error('too late'));
      await expect(compiler().compile(job(PETS), { deadline: 1, signal })).rejects.toThrow('too late');
    });

    test('by close ends every job, and refuses new ones', async () => {
      const closing = compiler({ parallelism: 1 });
      const jobs = [1, 2].map(() => closing.compile(github({ filters: [ENDLESS] }), { deadline: 110_000 }));
      const settled = Promise.allSettled(jobs);
      await closing.close();
      await closing.close();
      for (const result of await settled) {
        expect(result).toMatchObject({ status: 'rejected', reason: { code: 'MCP_ANYTHING_ERR_CLOSED' } });
      }
      await expect(closing.compile(job(PETS), { deadline: 1 })).rejects.toMatchObject({
        code: 'MCP_ANYTHING_ERR_CLOSED',
      });
    });
  });

  test('several jobs at once each get their own result', async () => {
    const several = compiler({ parallelism: 2 });
    const prefixes = ['a', 'b', 'c', 'd', 'e'];
    const results = await Promise.all(
      prefixes.map((tool_prefix) => several.compile(job(PETS, { tool_prefix }), { deadline: 100_000 })),
    );
    expect(results.map(({ tools }) => tools.map(({ name }) => name))).toEqual(
      prefixes.map((prefix) => [`${prefix}__create`, `${prefix}__list`]),
    );
  });

  describe.skipIf(process.platform !== 'linux')('a worker that is done', () => {
    const workers = workersOf[place];
    const once = (made: Compiler, tool_prefix = '') =>
      made.compile(job(PETS, { tool_prefix }), { deadline: 100_000 });

    // Node starts its own threads when it first needs them.
    beforeAll(() => once(new Compiler({ place, linger: 0 })));

    test('takes the next job, and ends a little later', async () => {
      const before = workers();
      const lingering = compiler({ parallelism: 1, linger: 300 });
      await Promise.all(['a', 'b'].map((prefix) => once(lingering, prefix)));
      const kept = workers();
      expect(kept).toBeGreaterThan(before);
      await once(lingering);
      expect(workers()).toBe(kept);
      await vi.waitFor(() => expect(workers()).toBe(before), { timeout: 10_000 });
    });

    test('starts ahead of a job that is about to come, and ends if none does', async () => {
      const before = workers();
      const prepared = compiler({ parallelism: 1, linger: 60_000 });
      prepared.prepare();
      const started = workers();
      expect(started).toBeGreaterThan(before);
      prepared.prepare();
      await once(prepared);
      expect(workers()).toBe(started);
      await prepared.close();
      prepared.prepare();
      expect(workers()).toBe(before);

      compiler({ parallelism: 1, linger: 1 }).prepare();
      expect(workers()).toBeGreaterThan(before);
      await vi.waitFor(() => expect(workers()).toBe(before), { timeout: 10_000 });
    });

    test('is one at most while there is nothing to do', async () => {
      const before = workers();
      const single = compiler({ parallelism: 1, linger: 60_000 });
      await once(single);
      const one = workers() - before;
      const several = compiler({ parallelism: 4, linger: 60_000 });
      await Promise.all(['a', 'b', 'c', 'd'].map((prefix) => once(several, prefix)));
      expect(workers() - before).toBe(2 * one);
      await Promise.all([single.close(), several.close()]);
      expect(workers()).toBe(before);
    });
  });

  test('GitHub’s document compiles beside a main thread that keeps running', async () => {
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const start = performance.now();
    const { tools } = await compiler().compile(github(), { deadline: 100_000 });
    const elapsed = performance.now() - start;
    delay.disable();
    expect(tools).toHaveLength(1_223);
    console.log(
      `GitHub: ${elapsed.toFixed(0)} ms in a ${place}, longest stall ${(delay.max / 1e6).toFixed(1)} ms`,
    );
    // The worker takes most of a second; a main thread that took part in it would stand still as long.
    expect(delay.max / 1e6).toBeLessThan(elapsed / 2);
  });
});

test.skipIf(process.platform !== 'linux')(
  'a compile thread gives way to the rest of its process',
  async () => {
    const givingWay = () => threadsOf(process.pid).filter(({ niceness }) => niceness === 10).length;
    const priority = getPriority();
    expect(givingWay()).toBe(0);
    const made = new Compiler({ linger: 60_000 });
    compilers.push(made);
    await made.compile(job(PETS), { deadline: 100_000 });
    expect(givingWay()).toBe(1);
    expect(getPriority()).toBe(priority);
  },
);

// Elsewhere a directory cannot be removed while it is that of a process.
test.skipIf(process.platform === 'win32').each<CompilePlace>(['thread', 'process'])(
  'once the working directory is removed, what was to be compiled in a %s is',
  async (place) => {
    using directory = new TemporaryDirectory();
    const cwd = join(directory.path, 'release');
    mkdirSync(cwd);
    const compilerModule = new URL('../../dist/lib/tools/compiler.js', import.meta.url);
    const { bytes } = job(PETS).document;
    const program = `
      import { rmSync } from 'node:fs';
      import { Compiler } from ${JSON.stringify(compilerModule)};
      const document = { location: '/specs/api.json', bytes: new Uint8Array(${JSON.stringify([...bytes])}) };
      const job = { ...${JSON.stringify(job({}))}, document };
      const compiler = new Compiler({ place: ${JSON.stringify(place)}, linger: 0 });
      await compiler.compile(job, { deadline: 100_000 });
      rmSync(process.cwd(), { recursive: true });
      const { tools } = await compiler.compile(job, { deadline: 100_000 });
      console.log(tools.length);`;
    const options = { cwd, encoding: 'utf8' } as const;
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--input-type=module', '--eval', program],
      options,
    );
    expect(stderr).toBe('');
    expect(stdout).toBe('2\n');
  },
);

describe.skipIf(process.platform !== 'linux')('a compile process', () => {
  function processCompiler(): Compiler {
    const made = new Compiler({ place: 'process', parallelism: 1, linger: 60_000 });
    compilers.push(made);
    return made;
  }
  const theOnlyChild = () =>
    vi.waitFor(
      () => {
        const [pid, ...others] = childrenOf(process.pid);
        if (pid === undefined || others.length > 0) throw new Error('not one child');
        return pid;
      },
      { timeout: 10_000 },
    );
  const once = (made: Compiler) => made.compile(job(PETS), { deadline: 100_000 });
  /** To start takes 0.3 s of processor time; in ticks of 10 ms. */
  const isAtWork = (pid: number) => busiestThread(pid).used > 50;

  test('gives way to others', async () => {
    const made = processCompiler();
    made.compile(github({ filters: [ENDLESS] }), { deadline: 110_000 }).catch(() => {});
    const pid = await theOnlyChild();
    await vi.waitFor(() => expect(isAtWork(pid)).toBe(true), { timeout: 100_000 });
    expect(busiestThread(pid).niceness).toBe(10);
    // Of its first thread, which copies jobs and answers.
    expect(getPriority(pid)).toBe(10);
  });

  test('that is killed fails its job, and the next one has another', async () => {
    const made = processCompiler();
    const compiling = made.compile(github({ filters: [ENDLESS] }), { deadline: 110_000 });
    const failing = expect(compiling).rejects.toMatchObject({
      stage: 'compile',
      source: GITHUB.path,
      message: 'the compiler ended without an answer (SIGKILL)',
    });
    process.kill(await theOnlyChild(), 'SIGKILL');
    await failing;
    expect((await once(made)).tools).toHaveLength(2);
  });

  test('that is killed between two jobs is not asked again', async () => {
    const made = processCompiler();
    await once(made);
    process.kill(await theOnlyChild(), 'SIGKILL');
    await vi.waitFor(() => expect(childrenOf(process.pid)).toEqual([]), { timeout: 10_000 });
    expect((await once(made)).tools).toHaveLength(2);
  });

  test('ends with the process that started it, however busy it is', async () => {
    const compilerModule = new URL('../../dist/lib/tools/compiler.js', import.meta.url);
    const program = `
      import { readFileSync } from 'node:fs';
      import { Compiler } from ${JSON.stringify(compilerModule)};
      const job = ${JSON.stringify({ ...github({ filters: [ENDLESS] }), document: null })};
      const document = { location: 'a.json', bytes: readFileSync(${JSON.stringify(GITHUB.path)}) };
      await new Compiler({ place: 'process' }).compile({ ...job, document }, { deadline: 110_000 });`;
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', program]);
    let child = 0;
    try {
      await vi.waitFor(
        () => {
          child = childrenOf(parent.pid ?? 0)[0] ?? 0;
          if (child === 0 || !isAtWork(child)) throw new Error('not at work yet');
        },
        { timeout: 100_000 },
      );
    } finally {
      parent.kill('SIGKILL');
    }
    // Far less than its job has.
    await vi.waitFor(() => expect(existsSync(`/proc/${child}`)).toBe(false), { timeout: 20_000 });
  });

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('leaves %s to its parent', async (signal) => {
    const made = processCompiler();
    await once(made);
    const pid = await theOnlyChild();
    process.kill(pid, signal);
    await once(made);
    expect(await theOnlyChild()).toBe(pid);
  });

  describe('of an executable elsewhere', () => {
    const node = process.execPath;
    afterEach(() => {
      process.execPath = node;
    });

    test('that cannot be started fails its job', async () => {
      const directory = dirname(node);
      process.execPath = directory;
      await expect(once(processCompiler())).rejects.toMatchObject({
        stage: 'compile',
        message: `the compiler ended without an answer (spawn ${directory} EACCES)`,
      });
    });

    test('starts when an update of Node has removed what this process runs', async () => {
      process.execPath = '/nowhere/node';
      expect((await once(processCompiler())).tools).toHaveLength(2);
    });
  });

  test('takes one job after the other without holding on to any', async () => {
    const made = processCompiler();
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on('warning', onWarning);
    for (let round = 0; round < 12; round += 1) await once(made);
    process.off('warning', onWarning);
    // Node warns of an emitter with more than ten listeners.
    expect(warnings).toEqual([]);
  });
});
