import {
  CELL_INVALID,
  CELL_SHARED,
  CELL_TAGS,
  type CellTag,
  hasNumber,
  hasText,
  type RecordedCell,
} from "./xlsx-cells.ts";
import { ScratchFile } from "./xlsx-scratch-file.ts";

const PAGE_BYTES = 1024 * 1024;
/** Most sheets never need the file. */
const PAGES_IN_MEMORY = 4;
/** A record that is no cell but says which row the following cells belong to. */
const ROW_MARK = 0xff;
const ROW_MARK_BYTES = 5;
const CELL_HEAD_BYTES = 3;

/** A page that is full: in memory, or at a place in the file. */
type Page =
  | { readonly where: "memory"; readonly bytes: Buffer }
  | { readonly where: "file"; readonly position: number; readonly length: number };

/**
 * The cells of one sheet in the order in which they came, ten bytes each, in pages of which the
 * later ones are in a scratch file. A sheet is parsed only once that way: parsing costs ten
 * times as much as reading these back.
 */
export class CellSpill {
  readonly #file: ScratchFile;
  readonly #pages: Page[] = [];
  #page = Buffer.allocUnsafe(PAGE_BYTES);
  #view = viewOf(this.#page);
  #length = 0;
  #lastRow = 0;
  #markedRow = 0;

  constructor(directory: string) {
    this.#file = new ScratchFile(directory);
  }

  /** The last row that has a cell; 0 where there is none. */
  get lastRow(): number {
    return this.#lastRow;
  }

  addNumber(row: number, column: number, tag: CellTag, value: number): void {
    this.#head(row, column, tag, tag === CELL_SHARED ? 4 : 8);
    if (tag === CELL_SHARED) this.#view.setUint32(this.#length, value, true);
    else this.#view.setFloat64(this.#length, value, true);
    this.#length += tag === CELL_SHARED ? 4 : 8;
  }

  addText(row: number, column: number, tag: CellTag, bytes: Buffer, length: number): void {
    this.#head(row, column, tag, 4 + length);
    this.#view.setUint32(this.#length, length, true);
    bytes.copy(this.#page, this.#length + 4, 0, length);
    this.#length += 4 + length;
  }

  addMark(row: number, column: number, tag: CellTag): void {
    this.#head(row, column, tag, 0);
  }

  /** Every page once, each valid until the next one is asked for. */
  *pages(): Generator<Buffer> {
    for (const page of this.#pages) {
      yield page.where === "memory" ? page.bytes : this.#file.read(page.position, page.length);
    }
    if (this.#length > 0) yield this.#page.subarray(0, this.#length);
  }

  close(): void {
    this.#file.close();
  }

  #head(row: number, column: number, tag: CellTag, bytes: number): void {
    const needed = ROW_MARK_BYTES + CELL_HEAD_BYTES + bytes;
    if (this.#length + needed > this.#page.length) this.#turnPage(needed);
    if (row !== this.#markedRow) {
      this.#view.setUint8(this.#length, ROW_MARK);
      this.#view.setUint32(this.#length + 1, row, true);
      this.#length += ROW_MARK_BYTES;
      this.#markedRow = this.#lastRow = row;
    }
    this.#view.setUint8(this.#length, tag);
    this.#view.setUint16(this.#length + 1, column, true);
    this.#length += CELL_HEAD_BYTES;
  }

  #turnPage(needed: number): void {
    const full = this.#page.subarray(0, this.#length);
    if (this.#pages.length < PAGES_IN_MEMORY && needed <= PAGE_BYTES) {
      this.#pages.push({ where: "memory", bytes: full });
      this.#page = Buffer.allocUnsafe(PAGE_BYTES);
    } else {
      if (full.length > 0) {
        const position = this.#file.append(full);
        this.#pages.push({ where: "file", position, length: full.length });
      }
      if (needed > this.#page.length) this.#page = Buffer.allocUnsafe(needed);
    }
    this.#view = viewOf(this.#page);
    this.#length = 0;
    // Every page can be read by itself.
    this.#markedRow = 0;
  }
}

/** Walks the cells of one page after another. */
export class CellCursor implements RecordedCell {
  row = 0;
  column = 0;
  tag: CellTag = 0;
  /** The value of numbers, moments, times, durations and booleans; the index of a shared string. */
  number = 0;
  #page: Buffer = Buffer.alloc(0);
  #view = viewOf(this.#page);
  #position = 0;
  #textStart = 0;

  load(page: Buffer): void {
    this.#page = page;
    this.#view = viewOf(page);
    this.#position = 0;
  }

  /** Moves to the page's next cell, if there is one. */
  next(): boolean {
    const view = this.#view;
    let position = this.#position;
    if (position >= view.byteLength) return false;
    let tag = view.getUint8(position);
    if (tag === ROW_MARK) {
      this.row = view.getUint32(position + 1, true);
      position += ROW_MARK_BYTES;
      tag = view.getUint8(position);
    }
    this.tag = CELL_TAGS[tag] ?? CELL_INVALID;
    this.column = view.getUint16(position + 1, true);
    position += CELL_HEAD_BYTES;
    if (hasNumber(this.tag)) {
      this.number = view.getFloat64(position, true);
      position += 8;
    } else if (tag === CELL_SHARED) {
      this.number = view.getUint32(position, true);
      position += 4;
    } else if (hasText(this.tag)) {
      this.#textStart = position + 4;
      position = this.#textStart + view.getUint32(position, true);
    }
    this.#position = position;
    return true;
  }

  /** Of a cell that is recorded with its text. */
  get text(): string {
    return this.#page.toString("utf8", this.#textStart, this.#position);
  }

  get textBytes(): number {
    return this.#position - this.#textStart;
  }

  copyText(target: Buffer, offset: number): number {
    return this.#page.copy(target, offset, this.#textStart, this.#position);
  }
}

function viewOf(page: Buffer): DataView {
  return new DataView(page.buffer, page.byteOffset, page.length);
}
