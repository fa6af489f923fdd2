/** `work` on each item, at most `width` at a time; results in the order of the items. */
export async function inParallel<T, U>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<U>,
): Promise<U[]> {
  const results = new Array<U>(items.length);
  const queue = items.entries();
  async function worker() {
    for (const [index, item] of queue) results[index] = await work(item);
  }
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
  return results;
}

/** `work` on each batch of at most `size` items, at most `width` batches at a time. */
export function inBatches<T, U>(
  items: readonly T[],
  size: number,
  width: number,
  work: (batch: readonly T[]) => Promise<U>,
): Promise<U[]> {
  const batches = Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
  return inParallel(batches, width, work);
}
