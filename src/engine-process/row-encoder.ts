import { assert } from "../core/assert.ts";
import { LIMITS } from "../core/limits.ts";
import type { DataChunk } from "../duckdb/vectors.ts";
import { TimeZones } from "../pgtypes/time-zone.ts";
import {
  putBytes,
  putHeap,
  putHex,
  putInline,
  putUuid,
  putUuidBinary,
} from "./row-encoder-bytes.ts";
import {
  binaryCell,
  type Cell,
  type EncodedColumn,
  growCode,
  RELOAD_CODE,
  textCell,
} from "./row-encoder-cells.ts";
import { type ColumnSource, FixedSource, SlowSource, StringSource } from "./row-encoder-columns.ts";
import { type CellFinisher, cellFinisher } from "./row-encoder-copy.ts";
import {
  putDate,
  putDateBinary,
  putTime,
  putTimestamp,
  putTimestampBinary,
  putTimestamptz,
} from "./row-encoder-datetime.ts";
import {
  putDecimal,
  putDecimal64,
  putDecimal128,
  putInt64,
  putInt128,
  putInteger,
  putUint64,
  putUint128,
  putUnsigned,
} from "./row-encoder-digits.ts";
import { putFloat4, putFloat8 } from "./row-encoder-floats.ts";
import {
  putNumeric,
  putNumeric64,
  putNumeric128,
  putUnsignedNumeric,
} from "./row-encoder-numeric.ts";
import type { PageWriter } from "./row-encoder-page.ts";

/** How the rows of a result are written. */
export type RowFormat =
  | { readonly kind: "data-row"; readonly formats: readonly (0 | 1)[] }
  | { readonly kind: "copy-text"; readonly delimiter: string; readonly nullText: string }
  | {
      readonly kind: "copy-csv";
      readonly delimiter: string;
      readonly nullText: string;
      readonly quote: string;
      readonly escape: string;
      readonly forceQuote: readonly boolean[];
    }
  | { readonly kind: "copy-binary" };

/** What the text of a value depends on in a session. */
export interface EncodingSettings {
  readonly timeZone: string;
}

export interface RowEncoderOptions {
  /** Code that was generated before, to be found again. */
  readonly codeCache?: CodeCache;
  /** Zones whose offsets were looked up before. */
  readonly zones?: TimeZones;
  /** See StringSource: safer still, and several times slower. */
  readonly copyStringsOneByOne?: boolean;
}

/** What the generated code may call. */
const HELPERS = {
  putBytes,
  putDate,
  putDateBinary,
  putDecimal,
  putDecimal64,
  putDecimal128,
  putFloat4,
  putFloat8,
  putHeap,
  putHex,
  putInline,
  putInt64,
  putInt128,
  putInteger,
  putNumeric,
  putNumeric64,
  putNumeric128,
  putTime,
  putTimestamp,
  putTimestampBinary,
  putTimestamptz,
  putUint64,
  putUint128,
  putUnsigned,
  putUnsignedNumeric,
  putUuid,
  putUuidBinary,
};

/** What the generated code is given of one result. */
interface Surroundings {
  readonly sources: readonly ColumnSource[];
  readonly constants: readonly unknown[];
  readonly slack: number;
  readonly delimiter: number;
  readonly nullBytes: Uint8Array;
  readonly finish: CellFinisher;
}

type EncodeRows = (
  around: Surroundings,
  page: PageWriter,
  from: number,
  to: number,
  full: number,
) => number;

/** Far more shapes than a workspace's dashboards have. */
const MAX_SHAPES = 500;

/** Generated code by its text, which says all about it. Bounded, because shapes come from queries. */
export class CodeCache {
  readonly #entries = new Map<string, EncodeRows>();

  get size(): number {
    return this.#entries.size;
  }

  get(code: string): EncodeRows {
    let compiled = this.#entries.get(code);
    if (compiled === undefined) {
      compiled = compile(code);
      if (this.#entries.size >= MAX_SHAPES) this.#entries.clear();
      this.#entries.set(code, compiled);
    }
    return compiled;
  }
}

/** Writes the rows of data chunks as DataRow or CopyData messages. */
export class RowEncoder {
  readonly #encodeRows: EncodeRows;
  readonly #around: Surroundings;
  #rowCount = 0;

  constructor(encodeRows: EncodeRows, around: Surroundings) {
    this.#encodeRows = encodeRows;
    this.#around = around;
  }

  /** Takes what it needs out of the chunk, which may be forgotten afterwards. */
  load(chunk: DataChunk): void {
    for (const [index, source] of this.#around.sources.entries()) source.load(chunk.vector(index));
    this.#rowCount = chunk.rowCount;
  }

  /**
   * Writes rows of the chunk that was loaded, from `fromRow` to before `toRow`, and answers the next
   * row to write. Stops behind the row with which the page reached LIMITS.pageBytes.
   */
  encode(page: PageWriter, fromRow: number, toRow: number): number {
    assert(toRow <= this.#rowCount, "rows are encoded from the chunk that was loaded");
    const before = page.length;
    try {
      return this.#encodeRows(this.#around, page, fromRow, toRow, LIMITS.pageBytes);
    } catch (error) {
      // A value that PostgreSQL cannot represent: no half of a row may be sent.
      page.length = before;
      throw error;
    }
  }
}

export function createRowEncoder(
  columns: readonly EncodedColumn[],
  format: RowFormat,
  settings: EncodingSettings,
  options: RowEncoderOptions = {},
): RowEncoder {
  const zone = (options.zones ?? new TimeZones()).get(settings.timeZone);
  const cells = columns.map((column, index) => {
    const isBinary =
      format.kind === "copy-binary" || (format.kind === "data-row" && format.formats[index] === 1);
    return isBinary ? binaryCell(column, zone) : textCell(column, zone);
  });
  const nullBytes = Buffer.from("nullText" in format ? format.nullText : "");
  const slack = cells.reduce((sum, cell) => sum + cell.maxBytes + nullBytes.length + 5, 32);
  const sources = cells.map((cell) => cell.newSource(options.copyStringsOneByOne === true));
  const code = encodeRowsCode(format, cells, sources);
  return new RowEncoder(options.codeCache?.get(code) ?? compile(code), {
    sources,
    constants: cells.map((cell) => cell.constant),
    slack,
    delimiter: "delimiter" in format ? format.delimiter.charCodeAt(0) : 0,
    nullBytes,
    finish: "delimiter" in format ? cellFinisher(format, columns.length, slack) : keepCell,
  });
}

const keepCell: CellFinisher = (_page, _start, end) => end;

/**
 * Compiles code that consists of the lines of this file and of row-encoder-cells.ts. Unrolling the
 * columns makes it two to four times as fast as a loop over them.
 */
function compile(code: string): EncodeRows {
  // The code below is a function expression of this type.
  // oxlint-disable-next-line typescript/no-implied-eval
  return new Function("helpers", code)(HELPERS) as EncodeRows;
}

const COPY_DATA = 0x64;
const DATA_ROW = 0x44;

function encodeRowsCode(
  format: RowFormat,
  cells: readonly Cell[],
  sources: readonly ColumnSource[],
): string {
  const isFramed = format.kind === "data-row" || format.kind === "copy-binary";
  const declarations = sources.map((source, index) => declarationCode(source, index));
  const writes = cells.map((cell, index) => {
    const code = cell.code.replaceAll("#", String(index));
    return isFramed
      ? framedCellCode(index, code)
      : copyCellCode(index, code, needsFinish(format, cell, index));
  });
  const type = format.kind === "data-row" ? DATA_ROW : COPY_DATA;
  return `"use strict";
const { ${Object.keys(HELPERS).join(", ")} } = helpers;
return function encodeRows(around, page, from, to, full) {
  const { sources, constants, slack, delimiter, nullBytes, finish } = around;
  ${declarations.join("\n  ")}
  let { buffer, view, length: p } = page;
  let room = buffer.length - slack;
  let r = from;
  while (r < to) {
    if (p > room) ${growCode("0")}
    const start = p;
    view.setUint8(p, ${type});
    ${isFramed ? `view.setInt16(p + 5, ${cells.length});\n    p += 7;` : "p += 5;"}
    ${writes.join("\n    ")}
    ${isFramed ? "" : "view.setUint8(p, 10); p += 1;"}
    view.setInt32(start + 1, p - start - 1);
    r += 1;
    if (p >= full) break;
  }
  page.length = p;
  return r;
};`;
}

function declarationCode(source: ColumnSource, index: number): string {
  const common = `const s${index} = sources[${index}], k${index} = constants[${index}], m${index} = s${index}.mask;`;
  if (source instanceof FixedSource) return `${common} const d${index} = s${index}.view;`;
  if (source instanceof StringSource) {
    return `${common} const d${index} = s${index}.view, h${index} = s${index}.heap, w${index} = s${index}.heapView, o${index} = s${index}.offsets;`;
  }
  assert(source instanceof SlowSource, "there are three kinds of sources");
  return common;
}

function isNullCode(index: number): string {
  return `m${index} !== undefined && (m${index}[r >> 3] & (1 << (r & 7))) === 0`;
}

/** A length and the value; NULL is the length -1. */
function framedCellCode(index: number, code: string): string {
  return `if (${isNullCode(index)}) {
      view.setInt32(p, -1);
      p += 4;
    } else {
      const c = p;
      p += 4;
      {
        ${code}
      }
      view.setInt32(c, p - c - 4);
    }`;
}

/** Text between delimiters. */
function copyCellCode(index: number, code: string, finish: boolean): string {
  const delimiter = index === 0 ? "" : "view.setUint8(p, delimiter);\n    p += 1;";
  return `${delimiter}
    if (${isNullCode(index)}) {
      p = putBytes(buffer, p, nullBytes);
    } else {
      const c = p;
      {
        ${code}
      }
      ${finish ? `p = finish(page, c, p, ${index});\n      if (page.buffer !== buffer) { ${RELOAD_CODE} }` : ""}
    }`;
}

/** Signs that no number, date, time, UUID or boolean has. */
const HARMLESS = new Set([",", ";", "|", "\t", '"', "'"]);

/** Whether a cell's text could need an escape or quotes. */
function needsFinish(format: RowFormat, cell: Cell, index: number): boolean {
  if (cell.isFree) return true;
  switch (format.kind) {
    case "copy-text":
      return !HARMLESS.has(format.delimiter);
    case "copy-csv":
      return (
        format.forceQuote[index] === true ||
        format.nullText !== "" ||
        ![format.delimiter, format.quote, format.escape].every((sign) => HARMLESS.has(sign))
      );
    default:
      return false;
  }
}
