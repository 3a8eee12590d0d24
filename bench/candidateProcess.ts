import type { Candidate, Setting } from './candidate.js';

/** Runs one candidate that is a module of `candidates/`: `node candidateProcess.js <url of the module> <setting>`. */
const [, , module = '', setting = '{}'] = process.argv;
const { default: candidate } = (await import(module)) as { default: Candidate };
if (!('serve' in candidate)) throw new Error(`${module} is a program of its own`);
await candidate.serve(JSON.parse(setting) as Setting);
