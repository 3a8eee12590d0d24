import { monitorEventLoopDelay } from 'node:perf_hooks';

/** What a candidate's process says of itself. Times in milliseconds, sizes in bytes. */
export interface Probe {
  /** The longest that the event loop was late since it is watched. */
  readonly stallMax: number;
  readonly stallP999: number;
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
}

/** `watch` starts to watch the event loop, or starts over; `read` is answered with a `Probe`. */
export type ProbeRequest = 'watch' | 'read';

/**
 * Loaded into every candidate by `node --import`: answers over the IPC channel what cannot be seen from outside.
 * Watching costs a wake-up per millisecond, so that it is off until it is asked for.
 */
const delays = monitorEventLoopDelay({ resolution: 1 });

process.on('message', (message: ProbeRequest) => {
  switch (message) {
    case 'watch':
      delays.enable();
      delays.reset();
      break;
    case 'read': {
      const { rss, heapUsed, external } = process.memoryUsage();
      const [stallMax, stallP999] = [delays.max, delays.percentile(99.9)].map((time) => time / 1e6);
      process.send?.({ stallMax, stallP999, rss, heapUsed, external } as Probe);
      break;
    }
  }
});
// A candidate that has nothing else to do may end.
process.channel?.unref();
