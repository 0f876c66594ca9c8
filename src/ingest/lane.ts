/**
 * Runs steps one after the other, in the order in which they were added, while what comes next is being
 * prepared. Once a step has failed no other runs.
 */
export type Lane = {
  /** Adds a step; resolves once at most `limit` others wait. Throws what an earlier step threw. */
  add(step: () => Promise<void>): Promise<void>;
  /** Resolves when all steps are done. Throws what one of them threw. */
  idle(): Promise<void>;
};

export function createLane(limit: number): Lane {
  let last = Promise.resolve();
  const waiting: Promise<void>[] = [];
  return {
    async add(step) {
      last = last.then(step);
      // The error is thrown to whoever waits next.
      last.catch(() => {});
      waiting.push(last);
      if (waiting.length > limit) await waiting.shift();
    },
    idle: () => last,
  };
}
