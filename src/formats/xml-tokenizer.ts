import { assert } from "../core/assert.ts";
import { PgError } from "../core/pg-error.ts";
import { XmlAttributes } from "./xml-attributes.ts";
import { type XmlName, XmlNames } from "./xml-names.ts";
import {
  TEXT_CDATA,
  TEXT_CLASS,
  TEXT_CLASS_LT,
  TEXT_ENCODED,
  TEXT_PLAIN,
  type TextForm,
} from "./xml-text.ts";

/**
 * What the tokenizer tells, in document order. Names of elements come without their prefix. The
 * bytes are a loan that ends with the call. Text between two tags comes in several calls where
 * comments or CDATA sections part it, but never because of how the document was cut into chunks.
 */
export interface XmlHandler {
  open(name: string, attributes: XmlAttributes): void;
  text(bytes: Buffer, start: number, end: number, form: TextForm): void;
  close(name: string): void;
  /**
   * Asked at every tag inside the root: the handler may read complete elements by itself and return
   * where the last of them ends; `start` leaves the tag to the tokenizer. Bytes from `length` on are
   * not the document's.
   */
  skim?(bytes: Buffer, start: number, length: number): number;
}

export interface XmlLimits {
  readonly xmlDepth: number;
  readonly xmlTextBytes: number;
  readonly xmlTagBytes: number;
}

const LT = 0x3c;
const GT = 0x3e;
const SLASH = 0x2f;
const EQUALS = 0x3d;
const EXCLAMATION = 0x21;
const QUESTION = 0x3f;
const DOUBLE_QUOTE = 0x22;
const SINGLE_QUOTE = 0x27;
const COMMENT_OPEN = Buffer.from("<!--");
const COMMENT_CLOSE = Buffer.from("-->");
const CDATA_OPEN = Buffer.from("<![CDATA[");
const CDATA_CLOSE = Buffer.from("]]>");
const INSTRUCTION_CLOSE = Buffer.from("?>");
const INCOMPLETE = -1;

/**
 * Well-formed XML 1.0 in UTF-8, pushed in chunks, as calls to a handler. It checks what a reader of
 * data has to rely on (tags that match, an end where the document ends) and refuses document type
 * declarations, with which all attacks by entities begin. Namespaces are left to the handler.
 */
export class XmlTokenizer {
  readonly #handler: XmlHandler;
  readonly #limits: XmlLimits;
  readonly #part: string;
  readonly #attributes: XmlAttributes;
  readonly #names: XmlNames;
  /** The names of the open elements: the first `#depth` of these. */
  readonly #open: XmlName[] = [];
  #depth = 0;
  #rootSeen = false;
  /** What has not been told yet: `#buffer` from 0 to `#length`. */
  #buffer: Buffer = Buffer.alloc(0);
  #length = 0;
  /** Bytes of a text run that are known to hold no tag, and what they look like. */
  #scanned = 0;
  #scannedForm: TextForm = TEXT_PLAIN;

  constructor(handler: XmlHandler, limits: XmlLimits, part: string) {
    this.#handler = handler;
    this.#limits = limits;
    this.#part = part;
    const fail = (reason: string): PgError => this.#fail(reason);
    this.#attributes = new XmlAttributes(fail);
    this.#names = new XmlNames(fail);
  }

  write(chunk: Buffer): void {
    let bytes = chunk;
    let length = chunk.length;
    if (this.#length > 0) {
      length += this.#length;
      this.#reserve(length);
      chunk.copy(this.#buffer, this.#length);
      bytes = this.#buffer;
    }
    const rest = this.#scan(bytes, length);
    if (bytes === chunk) {
      this.#length = 0;
      this.#reserve(length - rest);
    }
    // A long text grows from chunk to chunk in its place.
    if (rest > 0 || bytes !== this.#buffer) bytes.copy(this.#buffer, 0, rest, length);
    this.#length = length - rest;
  }

  end(): void {
    if (this.#depth > 0) {
      throw this.#fail(`it ends unexpectedly inside <${this.#innermost().qualified}>`);
    }
    if (this.#length > 0) {
      if (this.#buffer[0] === LT) throw this.#fail("it ends inside a tag");
      this.#text(this.#buffer, 0, this.#length, TEXT_PLAIN);
    }
    if (!this.#rootSeen) throw this.#fail("it has no root element");
  }

  #reserve(length: number): void {
    if (length <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(length, this.#buffer.length * 2));
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }

  /** Tells all that is complete; returns where the incomplete rest begins. */
  #scan(bytes: Buffer, length: number): number {
    let position = 0;
    let cursor = this.#scanned;
    let form: TextForm = this.#scannedForm;
    for (;;) {
      for (; cursor < length; cursor++) {
        const kind = TEXT_CLASS[bytes[cursor] ?? 0];
        if (kind === 0) continue;
        if (kind === TEXT_CLASS_LT) break;
        form = TEXT_ENCODED;
      }
      if (cursor - position > this.#limits.xmlTextBytes) throw this.#fail("one value is too large");
      if (cursor === length) {
        this.#scanned = cursor - position;
        this.#scannedForm = form;
        return position;
      }
      if (cursor > position) this.#text(bytes, position, cursor, form);
      form = TEXT_PLAIN;
      if (this.#depth > 0 && this.#handler.skim !== undefined) {
        const skimmed = this.#handler.skim(bytes, cursor, length);
        if (skimmed > cursor) {
          position = cursor = skimmed;
          continue;
        }
      }
      const next = this.#markup(bytes, cursor, length);
      if ((next === INCOMPLETE ? length : next) - cursor > this.#limits.xmlTagBytes) {
        throw this.#fail("one tag is too large");
      }
      if (next === INCOMPLETE) {
        this.#scanned = 0;
        this.#scannedForm = TEXT_PLAIN;
        return cursor;
      }
      position = cursor = next;
    }
  }

  #text(bytes: Buffer, start: number, end: number, form: TextForm): void {
    if (this.#depth > 0) this.#handler.text(bytes, start, end, form);
    else if (skipSpace(bytes, start, end) < end) throw this.#outsideRoot();
  }

  #markup(bytes: Buffer, start: number, length: number): number {
    if (start + 1 >= length) return INCOMPLETE;
    switch (bytes[start + 1]) {
      case SLASH:
        return this.#closeTag(bytes, start, length);
      case EXCLAMATION:
        return this.#declaration(bytes, start, length);
      case QUESTION:
        return endOf(bytes, start + 2, length, INSTRUCTION_CLOSE);
      default:
        return this.#openTag(bytes, start, length);
    }
  }

  #declaration(bytes: Buffer, start: number, length: number): number {
    if (startsWith(bytes, start, length, COMMENT_OPEN)) {
      return endOf(bytes, start + COMMENT_OPEN.length, length, COMMENT_CLOSE);
    }
    if (!startsWith(bytes, start, length, CDATA_OPEN)) {
      throw this.#fail("it holds a document type declaration (DTD), which no workbook needs");
    }
    const from = start + CDATA_OPEN.length;
    const end = endOf(bytes, from, length, CDATA_CLOSE);
    if (end === INCOMPLETE) return INCOMPLETE;
    if (this.#depth === 0) throw this.#outsideRoot();
    const to = end - CDATA_CLOSE.length;
    if (to > from) this.#handler.text(bytes, from, to, TEXT_CDATA);
    return end;
  }

  #closeTag(bytes: Buffer, start: number, length: number): number {
    if (this.#depth === 0) throw this.#fail("there is an end tag without its start");
    const name = this.#innermost();
    let cursor = start + 2;
    for (let index = 0; index < name.bytes.length; index++, cursor++) {
      if (cursor >= length) return INCOMPLETE;
      if (bytes[cursor] !== name.bytes[index]) throw this.#unclosed(name);
    }
    cursor = skipSpace(bytes, cursor, length);
    if (cursor >= length) return INCOMPLETE;
    if (bytes[cursor] !== GT) throw this.#unclosed(name);
    this.#depth--;
    this.#handler.close(name.local);
    return cursor + 1;
  }

  #openTag(bytes: Buffer, start: number, length: number): number {
    const attributes = this.#attributes;
    attributes.begin(bytes);
    let cursor = start + 1;
    let hash = 0;
    let byte = 0;
    for (; cursor < length; cursor++) {
      byte = bytes[cursor] ?? 0;
      if (endsName(byte)) break;
      hash = (hash * 31 + byte) | 0;
    }
    if (cursor >= length) return INCOMPLETE;
    const name = this.#names.read(bytes, start + 1, cursor, hash);
    for (;;) {
      cursor = skipSpace(bytes, cursor, length);
      if (cursor >= length) return INCOMPLETE;
      byte = bytes[cursor] ?? 0;
      if (byte === GT) {
        this.#opened(name);
        return cursor + 1;
      }
      if (byte === SLASH) {
        if (cursor + 1 >= length) return INCOMPLETE;
        if (bytes[cursor + 1] !== GT) throw this.#malformed(name);
        this.#opened(name);
        this.#depth--;
        this.#handler.close(name.local);
        return cursor + 2;
      }
      const nameStart = cursor;
      hash = 0;
      for (; cursor < length; cursor++) {
        byte = bytes[cursor] ?? 0;
        if (endsName(byte)) break;
        hash = (hash * 31 + byte) | 0;
      }
      const nameEnd = cursor;
      if (byte !== EQUALS) cursor = skipSpace(bytes, cursor, length);
      if (cursor >= length) return INCOMPLETE;
      if (bytes[cursor] !== EQUALS) throw this.#malformed(name);
      cursor = skipSpace(bytes, cursor + 1, length);
      if (cursor >= length) return INCOMPLETE;
      const quote = bytes[cursor];
      if (quote !== DOUBLE_QUOTE && quote !== SINGLE_QUOTE) throw this.#malformed(name);
      const valueStart = ++cursor;
      while (cursor < length && bytes[cursor] !== quote) cursor++;
      if (cursor >= length) return INCOMPLETE;
      const { qualified } = this.#names.read(bytes, nameStart, nameEnd, hash);
      attributes.add(qualified, valueStart, cursor);
      cursor++;
    }
  }

  #opened(name: XmlName): void {
    if (this.#depth === 0) {
      if (this.#rootSeen) throw this.#fail("it has two root elements");
      this.#rootSeen = true;
    }
    if (this.#depth >= this.#limits.xmlDepth) throw this.#fail("its elements nest too deeply");
    this.#open[this.#depth++] = name;
    this.#handler.open(name.local, this.#attributes);
  }

  #innermost(): XmlName {
    const name = this.#open[this.#depth - 1];
    assert(name !== undefined, "an element is open");
    return name;
  }

  #unclosed(name: XmlName): PgError {
    return this.#fail(`the end tag of <${name.qualified}> is missing`);
  }

  #malformed(name: XmlName): PgError {
    return this.#fail(`the tag <${name.qualified}> is malformed`);
  }

  #outsideRoot(): PgError {
    return this.#fail("there is text outside its root element");
  }

  #fail(reason: string): PgError {
    return new PgError(
      "bad_copy_file_format",
      `part "${this.#part}" of the workbook is not well-formed XML: ${reason}`,
      { hint: "Open the file in a spreadsheet program, save it again as .xlsx and upload that." },
    );
  }
}

function skipSpace(bytes: Buffer, start: number, end: number): number {
  let cursor = start;
  for (; cursor < end; cursor++) {
    const byte = bytes[cursor];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
  }
  return cursor;
}

/** Nearly all bytes of names are letters, which stand behind all of these. */
function endsName(byte: number): boolean {
  return byte <= GT && (byte <= 0x20 || byte >= LT || byte === SLASH);
}

/** Whether what is there of `bytes` agrees with `prefix`, as far as it goes. */
function startsWith(bytes: Buffer, start: number, length: number, prefix: Buffer): boolean {
  const available = Math.min(prefix.length, length - start);
  return bytes.compare(prefix, 0, available, start, start + available) === 0;
}

/** Just behind the next `mark`, searched no further than the bytes that are there. */
function endOf(bytes: Buffer, start: number, length: number, mark: Buffer): number {
  if (start >= length) return INCOMPLETE;
  const index = bytes.subarray(start, length).indexOf(mark);
  return index < 0 ? INCOMPLETE : start + index + mark.length;
}
