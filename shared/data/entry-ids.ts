/** Ids in a block. A draw costs the same for one id and for these. */
const BLOCK_IDS = 64;

const block = new BigUint64Array(2 * BLOCK_IDS);
/** Number of words of the block that are used up: all of them, at the end of each turn. */
let used = block.length;

/**
 * An id that no other entry has, and that nobody else can tell before. Ids are drawn from the system in blocks, and a
 * block ends with the turn that drew it: a number that this process counts, and a supply that it holds (as `randomUUID`
 * does), are in a snapshot of it too, and all who start from that make the same ids.
 */
export function newEntryId(): string {
  if (used === block.length) draw();
  const id = `${block[used]?.toString(36)}-${block[used + 1]?.toString(36)}`;
  used += 2;
  return id;
}

function draw(): void {
  globalThis.crypto.getRandomValues(block);
  used = 0;
  queueMicrotask(drop);
}

/** Uses the block up, once the microtasks that wait now have run. */
function drop(): void {
  used = block.length;
}
