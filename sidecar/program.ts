import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { version } from './installedPackage.js';
import { createLogger, LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel } from './logger.js';
import { problemLines } from './problems.js';

interface LogOptions {
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}

interface TableOptions {
  readonly config: string;
  readonly group?: string;
}

/**
 * Runs one command line. Resolves to the exit code once the command is done; for `serve` and `demo` once they run,
 * with what keeps the process alive left behind. Each command is loaded when it is asked for: help, the version and a
 * mistyped option need none of the library.
 */
export async function run(argv: readonly string[]): Promise<number> {
  let exitCode = 0;
  const program = describe((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    // Commander has said by then what is wrong with the command line, or shown its help.
    if (error instanceof CommanderError) return error.exitCode;
    for (const line of problemLines(error)) process.stderr.write(`${line}\n`);
    return 1;
  }
  return exitCode;
}

function describe(exit: (code: number) => void): Command {
  const program = new Command('mcp-anything')
    .description('Turns HTTP APIs described by OpenAPI into MCP tools, and never has to restart.')
    .version(version)
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => write(`${text.trim().replaceAll(/\s*\n\s*/g, ' ')}\n`),
    });

  program
    .command('serve')
    .description('serve the tools over HTTP, and follow every change of config and documents')
    .addOption(configOption())
    .option('--host <host>', 'address to listen on, over server.host')
    .option('--port <port>', 'port to listen on, over server.port; 0 takes a free one', port)
    .addOption(logLevelOption())
    .addOption(logFormatOption('json'))
    .action(async (options: LogOptions & { config: string; host?: string; port?: number }) => {
      const { serve } = await import('./serve.js');
      await serve({ ...options, logger: logger(options) });
    });

  program
    .command('validate')
    .description('do everything `serve` would do, short of listening')
    .argument('<file>', 'the config file')
    .action(async (file: string) => {
      const { validate } = await import('./validate.js');
      exit(await validate(file));
    });

  program
    .command('tools')
    .description('list the tools')
    .addOption(configOption())
    .addOption(groupOption())
    .option('--json', 'with schemas, as JSON')
    .action(async (options: TableOptions & { json?: true }) => {
      const { tools } = await import('./tools.js');
      exit(await tools(options));
    });

  program
    .command('call')
    .description('call one tool and print its result')
    .addOption(configOption())
    .addOption(groupOption())
    .option('--json', 'the whole result, as JSON')
    .argument('<tool>', 'its name, as `tools` shows it')
    .argument('[arguments]', 'a JSON object', '{}')
    .action(async (tool: string, text: string, options: TableOptions & { json?: true }) => {
      const { call } = await import('./call.js');
      exit(await call({ ...options, tool, text }));
    });

  program
    .command('stdio')
    .description('serve one group to a local MCP client over stdin and stdout; the log goes to stderr')
    .addOption(configOption())
    .addOption(groupOption())
    .addOption(logLevelOption())
    .addOption(logFormatOption('text'))
    .action(async (options: LogOptions & TableOptions) => {
      const { stdio } = await import('./stdio.js');
      await stdio({ ...options, logger: logger(options, 2) });
    });

  program
    .command('demo')
    .description('serve a small bookshop API, which runs in the same process')
    .option('--port <port>', 'port to listen on', port)
    .addOption(logLevelOption('warn'))
    .addOption(logFormatOption('text'))
    .action(async (options: LogOptions & { port?: number }) => {
      const { demo } = await import('./demo.js');
      await demo({ ...options, logger: logger(options) });
    });

  return program;
}

function logger({ logLevel: level, logFormat: format }: LogOptions, output: 1 | 2 = 1) {
  return createLogger({ level, format, output });
}

function configOption(): Option {
  return new Option('--config <file>', 'the config file').makeOptionMandatory();
}

function groupOption(): Option {
  return new Option('--group <name>', 'one group of the config');
}

function logLevelOption(level: LogLevel = 'info'): Option {
  return new Option('--log-level <level>').choices(LOG_LEVELS).default(level).env('LOG_LEVEL');
}

function logFormatOption(format: LogFormat): Option {
  return new Option('--log-format <format>').choices(LOG_FORMATS).default(format);
}

function port(text: string): number {
  const number = Number(text);
  if (/^\d{1,5}$/.test(text) && number <= 65_535) return number;
  throw new InvalidArgumentError('It must be a number from 0 to 65535.');
}
