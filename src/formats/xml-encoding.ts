import { TextDecoder } from "node:util";
import { PgError } from "../core/pg-error.ts";

/** Enough for a byte order mark and the whole XML declaration. */
const HEAD_BYTES = 256;

/**
 * The same document in UTF-8 without a byte order mark, which is what the tokenizer reads. The
 * parts of a workbook may be UTF-8 or UTF-16 (ECMA-376 part 2, annex F of XML 1.0 tells them apart).
 */
export async function* toUtf8(chunks: AsyncIterable<Buffer>, part: string): AsyncGenerator<Buffer> {
  let head = Buffer.alloc(0);
  let decoder: TextDecoder | undefined;
  let isHead = true;
  for await (const chunk of chunks) {
    if (isHead) {
      head = Buffer.concat([head, chunk]);
      if (head.length < HEAD_BYTES) continue;
      isHead = false;
      decoder = decoderOf(head, part);
      yield decoder === undefined ? withoutMark(head) : decode(decoder, part, head);
    } else {
      yield decoder === undefined ? chunk : decode(decoder, part, chunk);
    }
  }
  if (isHead) {
    decoder = decoderOf(head, part);
    yield decoder === undefined ? withoutMark(head) : decode(decoder, part, head);
  }
  if (decoder !== undefined) yield decode(decoder, part);
}

function decoderOf(head: Buffer, part: string): TextDecoder | undefined {
  const [first, second] = head;
  // A declaration or a root element begins with "<", in UTF-16 with a zero byte beside it.
  if ((first === 0xff && second === 0xfe) || (first === 0x3c && second === 0)) {
    return new TextDecoder("utf-16le", { fatal: true });
  }
  if ((first === 0xfe && second === 0xff) || (first === 0 && second === 0x3c)) {
    return new TextDecoder("utf-16be", { fatal: true });
  }
  const declared = /^\s*<\?xml[^>]*?\sencoding\s*=\s*["']([^"']+)["']/.exec(
    withoutMark(head).toString("latin1", 0, HEAD_BYTES),
  )?.[1];
  if (declared !== undefined && !/^(utf-?8|us-ascii)$/i.test(declared)) {
    throw new PgError(
      "feature_not_supported",
      `part "${part}" of the workbook is in the encoding "${declared}"`,
      { hint: "Workbooks are UTF-8 or UTF-16: save the file again with a spreadsheet program." },
    );
  }
  return undefined;
}

function withoutMark(head: Buffer): Buffer {
  return head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? head.subarray(3) : head;
}

function decode(decoder: TextDecoder, part: string, chunk?: Buffer): Buffer {
  try {
    const text = chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
    return Buffer.from(text);
  } catch (cause) {
    throw new PgError(
      "bad_copy_file_format",
      `part "${part}" of the workbook is not valid UTF-16 text`,
      { cause },
    );
  }
}
