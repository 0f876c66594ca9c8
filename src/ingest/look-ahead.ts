/**
 * Takes items before they are wanted, up to a bound: so that what is to come is known for a while ahead,
 * while a source of a million items still streams.
 */

export type LookAhead<Item> = {
  source: AsyncIterable<Item>;
  /** Items that may wait. */
  limit: number;
  /** Hears of each item as it is taken. */
  onTaken(item: Item): void;
  /** Hears that there are no more. */
  onEnd(): void;
};

/** The items in order. An error of the source is thrown when its turn comes: behind all before it. */
export async function* lookAhead<Item>(options: LookAhead<Item>): AsyncIterable<Item> {
  const { source, limit, onTaken, onEnd } = options;
  const iterator = source[Symbol.asyncIterator]();
  const waiting: Item[] = [];
  let position = 0;
  let isDone = false;
  let failure: { thrown: unknown } | undefined;
  let onChange = (): void => {};
  let hasRoom = (): void => {};

  const takeAll = async (): Promise<void> => {
    try {
      while (!isDone) {
        const next = await iterator.next();
        if (next.done) break;
        onTaken(next.value);
        waiting.push(next.value);
        onChange();
        if (waiting.length - position >= limit) {
          await new Promise<void>((resolve) => {
            hasRoom = resolve;
          });
        }
      }
      if (!isDone) onEnd();
    } catch (thrown) {
      failure = { thrown };
    } finally {
      isDone = true;
      onChange();
    }
  };

  const taking = takeAll();
  try {
    for (;;) {
      const item = waiting[position];
      if (position < waiting.length) {
        position += 1;
        // Cut now and then only: shifting each item would move all behind it.
        if (position === limit || position === waiting.length) {
          waiting.splice(0, position);
          position = 0;
        }
        if (waiting.length - position < limit) hasRoom();
        yield item as Item;
      } else if (isDone) {
        if (failure) throw failure.thrown;
        return;
      } else {
        await new Promise<void>((resolve) => {
          onChange = resolve;
        });
      }
    }
  } finally {
    isDone = true;
    hasRoom();
    await taking;
    await iterator.return?.();
  }
}
