import { checkFunction } from '../arguments.ts';
import { type Comparator, naturalLess } from './ordering.ts';

/**
 * A binary min-heap that makes exactly the comparisons and moves of CPython's `heapq`. A heap is not stable, so the
 * order in which equal items leave depends on those moves: making the same ones means that a program ported from
 * asyncio sees the same order. Unlike there, a comparison that throws leaves the heap as it was: each
 * operation first compares until it knows where the item goes, then moves.
 */
export class Heap<T> {
  readonly #items: T[] = [];
  readonly #less: (a: T, b: T) => boolean;

  constructor(compare?: Comparator<T>) {
    if (compare !== undefined) checkFunction('compare', compare);
    this.#less = compare === undefined ? naturalLess : (a, b) => compare(a, b) < 0;
  }

  get size(): number {
    return this.#items.length;
  }

  push(item: T): void {
    const items = this.#items;
    const leaf = items.length;
    let target = leaf;
    while (target > 0) {
      const parent = (target - 1) >> 1;
      if (!this.#less(item, items[parent] as T)) break;
      target = parent;
    }
    items.push(item);
    for (let at = leaf; at > target; ) {
      const parent = (at - 1) >> 1;
      items[at] = items[parent] as T;
      at = parent;
    }
    items[target] = item;
  }

  /** Removes the least item. Callers look at `size` first: on an empty heap the result has no meaning. */
  shift(): T {
    const items = this.#items;
    const end = items.length - 1;
    if (end <= 0) return items.pop() as T;
    // The last leaf takes the root's place. It nearly always belongs far down, so the way along the smaller children
    // is followed to the bottom without looking at it, and then back up: about one comparison per level, not two.
    const last = items[end] as T;
    let target = 0;
    for (let child = 1; child < end; child = 2 * target + 1) {
      const right = child + 1;
      target = right < end && !this.#less(items[child] as T, items[right] as T) ? right : child;
    }
    while (target > 0 && this.#less(last, items[target] as T)) target = (target - 1) >> 1;
    items.pop();
    let displaced = last;
    for (let at = target; ; at = (at - 1) >> 1) {
      const above = items[at] as T;
      items[at] = displaced;
      if (at === 0) return above;
      displaced = above;
    }
  }
}
