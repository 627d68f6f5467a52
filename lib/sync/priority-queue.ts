import { Heap } from './heap.ts';
import type { Comparator } from './ordering.ts';
import { Queue } from './queue.ts';

/**
 * A queue that gives the least item first. Semantics of `asyncio.PriorityQueue`, including the order in which equal
 * items leave, which is not the order in which they came: queue `[priority, sequence, item]` where that matters.
 */
export class PriorityQueue<T> extends Queue<T> {
  /**
   * @param maxsize how many items fit; 0 or less: any number
   * @param compare as for `Array.prototype.sort`; by default numbers, strings and dates compare by value and arrays
   *   element by element like Python's tuples, and everything else throws a TypeError
   */
  constructor(maxsize = 0, compare?: Comparator<T>) {
    super(maxsize, new Heap<T>(compare));
  }
}
