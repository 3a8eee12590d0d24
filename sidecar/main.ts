#!/usr/bin/env node
import { problemLines } from './problems.js';
import { run } from './program.js';

// A reader that has seen enough, such as `head`, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

// A defect of ours. The state after it is unknown, so the process ends; its stack is for those who look for it.
process.on('uncaughtException', (error) => {
  const debugging = ['debug', 'trace'].includes(process.env['LOG_LEVEL'] ?? '');
  process.stderr.write(`${debugging ? error.stack : problemLines(error).join('\n')}\n`);
  process.exit(1);
});

process.exitCode = await run(process.argv.slice(2));
