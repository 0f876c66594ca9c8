/**
 * Runs a slow step for the next few items while the current one is used, and gives the results in
 * order. An error of the step, or of the items, is thrown when its turn comes: after all before it.
 */
export async function* prefetch<Item, Result>(
  items: AsyncIterable<Item>,
  limit: number,
  step: (item: Item) => Promise<Result>,
): AsyncIterable<Result> {
  const iterator = items[Symbol.asyncIterator]();
  const waiting: Promise<Result>[] = [];
  let isDone = false;
  let failure: { thrown: unknown } | undefined;
  try {
    for (;;) {
      while (!isDone && waiting.length < limit) {
        const next = await iterator.next().catch((thrown: unknown) => {
          failure = { thrown };
        });
        if (!next || next.done) {
          isDone = true;
        } else {
          const running = step(next.value);
          running.catch(() => {});
          waiting.push(running);
        }
      }
      const first = waiting.shift();
      if (first === undefined) {
        if (failure) throw failure.thrown;
        return;
      }
      yield await first;
    }
  } finally {
    await Promise.allSettled(waiting);
    await iterator.return?.();
  }
}
