/** CopyData's type and length. */
const MESSAGE_START = 5;

type Page = (pieces: readonly Buffer[]) => Promise<void> | undefined;

/**
 * PostgreSQL sends the header of COPY's binary format in one CopyData message with the first row, or
 * with the trailer where there is no row, and some drivers can read it only so. Here the header comes
 * as a message of its own, which is held back until the next one is there.
 */
export function headerWithFirstRow(page: Page): Page {
  let held: Buffer | undefined = Buffer.alloc(0);
  return (pieces) => {
    if (held === undefined) return page(pieces);
    const messages = Buffer.concat([held, ...pieces]);
    const headerEnd = messages.length < MESSAGE_START ? Infinity : endOf(messages, 0);
    if (messages.length < headerEnd + MESSAGE_START) {
      held = messages;
      return undefined;
    }
    held = undefined;
    const start = messages.subarray(0, headerEnd);
    // Its length is that of both: the next message's start is left out.
    start.writeInt32BE(endOf(messages, headerEnd) - MESSAGE_START - 1, 1);
    return page([start, messages.subarray(headerEnd + MESSAGE_START)]);
  };
}

function endOf(messages: Buffer, start: number): number {
  return start + 1 + messages.readInt32BE(start + 1);
}
