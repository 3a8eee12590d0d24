import { setFlagsFromString } from 'node:v8';
import { Sidecar, type SidecarOptions } from './sidecar.js';
import { followSignals } from './signals.js';

/** Resolves once it listens; signals end the process. */
export async function serve(options: SidecarOptions): Promise<void> {
  // A collection early under load makes V8 take what every request allocates for long-lived. It then allocates that in
  // the old space, where it holds on to the rest until the next full collection: a third more processor time per call,
  // and a heap that swings by 100 MB, for the life of the process.
  setFlagsFromString('--no-allocation-site-pretenuring');
  const sidecar = new Sidecar(options);
  followSignals(sidecar, options.logger);
  await sidecar.start();
}
