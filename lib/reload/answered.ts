import type { Milliseconds } from '../config/config.js';

/** For what has been waited for in vain before: it answers at once again, or not yet. */
const ASKED_AGAIN: Milliseconds = 500;

/** Path → what it was asked and did not answer in time; ends when it does, and never rejects. */
const overdue = new Map<string, Promise<void>>();

/**
 * What the file system says of a path, unless it hangs, as one of a server that is away: nothing ends such a question,
 * and it holds one of Node's few threads. So a path is asked no other until the one before is answered.
 * @throws Error with code `ETIMEDOUT` past the limit.
 */
export async function answered<T>(path: string, limit: Milliseconds, ask: () => Promise<T>): Promise<T> {
  const former = overdue.get(path);
  if (former !== undefined) await unlessLate(path, Math.min(limit, ASKED_AGAIN), former);
  const answer = ask();
  return unlessLate(path, limit, answer, () => {
    const over = answer.then(end, end);
    overdue.set(path, over);
    function end(): void {
      if (overdue.get(path) === over) overdue.delete(path);
    }
  });
}

function unlessLate<T>(
  path: string,
  limit: Milliseconds,
  answer: Promise<T>,
  onLate: () => void = () => {},
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      onLate();
      reject(
        Object.assign(new Error(`ETIMEDOUT: the file system does not answer, '${path}'`), {
          code: 'ETIMEDOUT',
          path,
        }),
      );
    }, limit);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
