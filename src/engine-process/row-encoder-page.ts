/** Starts larger than a page, because the row with which a page is full may pass its end. */
const INITIAL_BYTES = 80 * 1024;
/** A buffer that one huge row has blown up is not kept. */
const KEPT_BYTES = 1024 * 1024;

/** The output buffer of a row encoder: grown as needed, reused from page to page. */
export class PageWriter {
  /** Its content is `buffer` up to `length`. */
  buffer: Buffer;
  view: DataView;
  length = 0;

  constructor() {
    [this.buffer, this.view] = allocate(INITIAL_BYTES);
  }

  /** Makes room for `bytes` more. `buffer` and `view` may be others afterwards. */
  reserve(bytes: number): void {
    const needed = this.length + bytes;
    if (needed <= this.buffer.length) return;
    const old = this.buffer;
    [this.buffer, this.view] = allocate(
      Math.max(needed, Math.min(old.length * 2, needed + KEPT_BYTES)),
    );
    old.copy(this.buffer, 0, 0, this.length);
  }

  /** The content, as bytes of its own; the page is empty afterwards. */
  take(): Buffer {
    const { buffer, length } = this;
    this.length = 0;
    if (buffer.length > KEPT_BYTES) {
      [this.buffer, this.view] = allocate(INITIAL_BYTES);
      return buffer.subarray(0, length);
    }
    const bytes = Buffer.allocUnsafeSlow(length);
    buffer.copy(bytes, 0, 0, length);
    return bytes;
  }
}

function allocate(bytes: number): [Buffer, DataView] {
  const buffer = Buffer.allocUnsafeSlow(bytes);
  return [buffer, new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength)];
}
