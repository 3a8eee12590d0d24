import { setTimeout as sleep } from 'node:timers/promises';

export interface UntilOptions {
  /** Milliseconds. @default 2000 */
  readonly within?: number;
  /** For the message of the failure. */
  readonly what?: string | (() => string);
}

/**
 * Waits until a condition holds.
 * @returns How long it took, in milliseconds.
 * @throws Error when it does not hold in time.
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
  { within = 2_000, what = 'the condition' }: UntilOptions = {},
): Promise<number> {
  const start = performance.now();
  while (!(await condition())) {
    const passed = performance.now() - start;
    if (passed > within) {
      throw new Error(`not within ${within} ms: ${typeof what === 'string' ? what : what()}`);
    }
    await sleep(5);
  }
  return performance.now() - start;
}
