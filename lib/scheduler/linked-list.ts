/** A member of a list that holds its own links. */
export interface Linked {
  listPrevious: Linked | null;
  listNext: Linked | null;
  /** The loop was closed, and this is still alive. */
  loopClosed?(): void;
}

/** A doubly linked list in which members hold the links: joining and leaving allocate nothing. */
export class LinkedList<T extends Linked> {
  private first: Linked | null = null;
  private last: Linked | null = null;

  append(member: T): void {
    member.listPrevious = this.last;
    if (this.last === null) this.first = member;
    else this.last.listNext = member;
    this.last = member;
  }

  remove(member: T): void {
    const { listPrevious: previous, listNext: next } = member;
    if (previous === null) this.first = next;
    else previous.listNext = next;
    if (next === null) this.last = previous;
    else next.listPrevious = previous;
    member.listPrevious = null;
    member.listNext = null;
  }

  *[Symbol.iterator](): Generator<T, void, unknown> {
    for (let member = this.first; member !== null; member = member.listNext) yield member as T;
  }
}
