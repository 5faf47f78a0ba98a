import type { Conversation } from "./corpus.ts";
import type { Random } from "./random.ts";

type Mutation = (messages: Buffer[], random: Random, corpus: readonly Conversation[]) => void;

const TYPES = "QPBDECHSXdcfFp";

/** Lengths and counts at which something changes. */
const EDGES = [0, 1, 2, 3, 4, 5, 127, 255, 32_767, 32_768, 65_535, 2 ** 31 - 1, -1, -2, -(2 ** 31)];

const MUTATIONS: readonly Mutation[] = [
  inOne((bytes, random) => {
    const at = random.below(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
  }),
  inOne((bytes, random) => {
    bytes[random.below(bytes.length)] = random.pick([
      0, 1, 0x27, 0x22, 0x3b, 0x7f, 0x80, 0xc3, 0xff,
    ]);
  }),
  /** The length. Most of them stay near the truth, so that what follows is out of step. */
  inOne((bytes, random) => {
    if (bytes.length < 5) return;
    const length = bytes.readInt32BE(1);
    const near = length + random.below(9) - 4;
    bytes.writeInt32BE((random.chance(0.7) ? near : random.pick(EDGES)) | 0, 1);
  }),
  /** A number inside the body. */
  inOne((bytes, random) => {
    const edge = random.pick(EDGES);
    const isShort = random.chance(0.5);
    const room = bytes.length - (isShort ? 2 : 4);
    if (room <= 5) return;
    const at = 5 + random.below(room - 4);
    if (isShort) bytes.writeUInt16BE(edge & 0xffff, at);
    else bytes.writeInt32BE(edge | 0, at);
  }),
  inOne((bytes, random) => {
    bytes[0] = random.chance(0.8) ? random.pick([...TYPES]).charCodeAt(0) : random.below(256);
  }),
  (messages, random) => {
    const at = random.below(messages.length);
    const cut = messages[at];
    if (cut !== undefined) messages[at] = cut.subarray(0, random.below(cut.length));
  },
  (messages, random) => {
    messages.splice(random.below(messages.length), 1);
  },
  (messages, random) => {
    messages.splice(random.below(messages.length + 1), 0, random.pick(messages));
  },
  (messages, random) => {
    const [moved] = messages.splice(random.below(messages.length), 1);
    if (moved !== undefined) messages.splice(random.below(messages.length + 1), 0, moved);
  },
  /** The rest of another conversation. */
  (messages, random, corpus) => {
    const other = random.pick(corpus);
    messages.splice(
      random.below(messages.length + 1),
      Infinity,
      ...other.slice(random.below(other.length)),
    );
  },
  (messages, random, corpus) => {
    const other = random.pick(corpus);
    messages.splice(random.below(messages.length + 1), 0, random.pick(other));
  },
  /** A body with more or less in it, whose length says so. */
  (messages, random) => {
    const at = random.below(messages.length);
    const old = messages[at];
    if (old === undefined || old.length < 5) return;
    const from = 5 + random.below(old.length - 4);
    const body = Buffer.concat([
      old.subarray(5, from),
      random.chance(0.5)
        ? random.bytes(random.below(12))
        : old.subarray(5 + random.below(old.length - 4)),
      old.subarray(Math.min(old.length, from + random.below(6))),
    ]);
    const length = Buffer.alloc(4);
    length.writeInt32BE(body.length + 4);
    messages[at] = Buffer.concat([old.subarray(0, 1), length, body]);
  },
  (messages, random) => {
    messages.splice(random.below(messages.length + 1), 0, random.bytes(1 + random.below(40)));
  },
];

/** A conversation that went wrong in one place or a few. */
export function mutated(
  conversation: Conversation,
  random: Random,
  corpus: readonly Conversation[],
): Conversation {
  let messages = [...conversation];
  for (let left = 1 + random.below(4); left > 0; left -= 1) {
    if (messages.length === 0) break;
    random.pick(MUTATIONS)(messages, random, corpus);
    messages = messages.filter(({ length }) => length > 0);
  }
  return messages;
}

/** Changes a copy of one message. */
function inOne(change: (bytes: Buffer, random: Random) => void): Mutation {
  return (messages, random) => {
    const at = random.below(messages.length);
    const bytes = Buffer.from(messages[at] ?? []);
    if (bytes.length > 0) change(bytes, random);
    messages[at] = bytes;
  };
}

/** The same bytes in pieces of any size. */
export function pieces(bytes: Buffer, random: Random): readonly Buffer[] {
  const cut: Buffer[] = [];
  const longest = random.pick([1, 3, 16, 256, 65_536]);
  for (let offset = 0; offset < bytes.length; ) {
    // A byte at a time to the end would measure the test and not the code.
    const size = cut.length > 64 ? 65_536 : 1 + random.below(longest);
    cut.push(bytes.subarray(offset, offset + size));
    offset += size;
  }
  return cut;
}

/**
 * The smallest part of it that still fails, as far as leaving out one message after another finds it.
 */
export async function minimised(
  conversation: Conversation,
  fails: (messages: Conversation) => boolean | Promise<boolean>,
): Promise<Conversation> {
  let smallest = conversation;
  for (let at = smallest.length - 1; at >= 0; at -= 1) {
    const without = smallest.toSpliced(at, 1);
    if (await fails(without)) smallest = without;
  }
  return smallest;
}
