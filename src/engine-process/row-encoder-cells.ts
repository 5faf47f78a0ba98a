/**
 * How one cell is written: for each type and format a line of code over our own helpers. Nothing in
 * these lines comes from a client; the only variable parts are numbers out of a DuckDBType.
 */
import { decimalBytes, enumBytes } from "../duckdb/raw-values.ts";
import type { DuckDBType } from "../pgtypes/duckdb-type.ts";
import { PG_TYPES } from "../pgtypes/pg-types.ts";
import type { TimeZone } from "../pgtypes/time-zone.ts";
import { valueBinary } from "../pgtypes/value-binary.ts";
import { type Value, valueText } from "../pgtypes/value-text.ts";
import { type ColumnSource, FixedSource, SlowSource, StringSource } from "./row-encoder-columns.ts";

export interface EncodedColumn {
  readonly type: DuckDBType;
  /**
   * The type that the client was told, where DuckDB knows no such type of its own: jsonb for JSON,
   * or another width of integer. Without it, the one that `describeType` names.
   */
  readonly typeOid?: number | undefined;
}

/** A cell's code and what it works on. */
export interface Cell {
  /**
   * Writes the value of row `r` at `p`. Its own column is `d` (the values), `h`, `w` and `o` (the
   * heap of strings and its offsets), `s` (the source) and `k` (its constant), each with the number
   * of the column behind it, for which `#` stands here.
   */
  readonly code: string;
  /** What the code may write without asking for room. */
  readonly maxBytes: number;
  /** Whether the text can hold any character, and not only those of numbers and dates. */
  readonly isFree: boolean;
  readonly constant: unknown;
  newSource(copyStringsOneByOne: boolean): ColumnSource;
}

export function textCell(column: EncodedColumn, zone: TimeZone): Cell {
  const { type } = column;
  switch (type.id) {
    case "BOOLEAN":
      return fixed(1, 1, "view.setUint8(p, d#.getUint8(r) === 0 ? 102 : 116); p += 1;");
    case "TINYINT":
      return fixed(1, 4, "p = putInteger(view, p, d#.getInt8(r));");
    case "UTINYINT":
      return fixed(1, 3, "p = putUnsigned(view, p, d#.getUint8(r));");
    case "SMALLINT":
      return fixed(2, 6, "p = putInteger(view, p, d#.getInt16(r * 2, true));");
    case "USMALLINT":
      return fixed(2, 5, "p = putUnsigned(view, p, d#.getUint16(r * 2, true));");
    case "INTEGER":
      return fixed(4, 11, "p = putInteger(view, p, d#.getInt32(r * 4, true));");
    case "UINTEGER":
      return fixed(4, 10, "p = putUnsigned(view, p, d#.getUint32(r * 4, true));");
    case "BIGINT":
      return fixed(8, 20, "p = putInt64(view, p, d#, r * 8);");
    case "UBIGINT":
      return fixed(8, 20, "p = putUint64(view, p, d#, r * 8);");
    case "HUGEINT":
      return fixed(16, 40, "p = putInt128(view, p, d#, r * 16);");
    case "UHUGEINT":
      return fixed(16, 40, "p = putUint128(view, p, d#, r * 16);");
    case "FLOAT":
      return fixed(4, 16, "p = putFloat4(view, p, d#, r * 4);");
    case "DOUBLE":
      return fixed(8, 26, "p = putFloat8(view, p, d#, r * 8);");
    case "DECIMAL":
      return decimalText(type.width, type.scale);
    case "DATE":
      return fixed(4, 20, "p = putDate(view, p, d#.getInt32(r * 4, true));");
    case "TIME":
      return fixed(8, 20, "p = putTime(view, p, d#, r * 8);");
    case "TIMESTAMP":
      return fixed(8, 40, "p = putTimestamp(view, p, d#, r * 8);");
    case "TIMESTAMP WITH TIME ZONE":
      return fixed(8, 50, "p = putTimestamptz(view, p, d#, r * 8, k#);", zone);
    case "UUID":
      return fixed(16, 36, "p = putUuid(view, p, d#, r * 16);");
    case "ENUM":
      return enumCell(type.values);
    case "VARCHAR":
    case "JSON":
      return STRING_CELL;
    case "BLOB":
    case "GEOMETRY":
      return HEX_CELL;
    default:
      return slowCell(type, (value) => Buffer.from(valueText(type, value, zone)));
  }
}

export function binaryCell(column: EncodedColumn, zone: TimeZone): Cell {
  const { type } = column;
  switch (type.id) {
    case "BOOLEAN":
      return fixed(1, 1, "view.setUint8(p, d#.getUint8(r)); p += 1;");
    case "TINYINT":
      return integerBinary(column, 1, "d#.getInt8(r)", PG_TYPES.int2.oid);
    case "UTINYINT":
      return integerBinary(column, 1, "d#.getUint8(r)", PG_TYPES.int2.oid);
    case "SMALLINT":
      return integerBinary(column, 2, "d#.getInt16(r * 2, true)", PG_TYPES.int2.oid);
    case "USMALLINT":
      return integerBinary(column, 2, "d#.getUint16(r * 2, true)", PG_TYPES.int4.oid);
    case "INTEGER":
      return integerBinary(column, 4, "d#.getInt32(r * 4, true)", PG_TYPES.int4.oid);
    case "UINTEGER":
      return integerBinary(column, 4, "d#.getUint32(r * 4, true)", PG_TYPES.int8.oid);
    case "BIGINT":
      return bigintBinary(column);
    case "TIME":
      return fixed(8, 8, SWAP_64);
    case "UBIGINT":
      return fixed(8, 48, "p = putUnsignedNumeric(view, buffer, p, d#, r * 8);");
    case "HUGEINT":
      return fixed(16, 48, "p = putNumeric128(view, buffer, p, d#, r * 16, 0);");
    case "FLOAT":
      return fixed(4, 4, "view.setUint32(p, d#.getUint32(r * 4, true)); p += 4;");
    case "DOUBLE":
      return fixed(8, 8, SWAP_64);
    case "DECIMAL":
      return decimalBinary(type.width, type.scale);
    case "DATE":
      return fixed(4, 4, "p = putDateBinary(view, p, d#.getInt32(r * 4, true));");
    case "TIMESTAMP":
    case "TIMESTAMP WITH TIME ZONE":
      return fixed(8, 8, "p = putTimestampBinary(view, p, d#, r * 8);");
    case "INTERVAL":
      return fixed(
        16,
        16,
        `view.setUint32(p, d#.getUint32(r * 16 + 12, true));
        view.setUint32(p + 4, d#.getUint32(r * 16 + 8, true));
        view.setUint32(p + 8, d#.getUint32(r * 16 + 4, true));
        view.setUint32(p + 12, d#.getUint32(r * 16, true));
        p += 16;`,
      );
    case "UUID":
      return fixed(16, 16, "p = putUuidBinary(view, p, d#, r * 16);");
    case "ENUM":
      return enumCell(type.values);
    case "VARCHAR":
    case "BLOB":
    case "GEOMETRY":
      return STRING_CELL;
    case "JSON":
      return column.typeOid === PG_TYPES.jsonb.oid ? JSONB_CELL : STRING_CELL;
    default:
      return slowCell(type, (value) => valueBinary(type, value, zone));
  }
}

const SWAP_64 = `view.setUint32(p, d#.getUint32(r * 8 + 4, true));
        view.setUint32(p + 4, d#.getUint32(r * 8, true));
        p += 8;`;

function fixed(width: number, maxBytes: number, code: string, constant?: unknown): Cell {
  return { code, maxBytes, isFree: false, constant, newSource: () => new FixedSource(width) };
}

/** An integer of up to 32 bits in the width of the type that the client was told. */
function integerBinary(column: EncodedColumn, width: number, value: string, ownOid: number): Cell {
  switch (column.typeOid ?? ownOid) {
    case PG_TYPES.int2.oid:
      return fixed(width, 2, `view.setInt16(p, ${value}); p += 2;`);
    case PG_TYPES.int8.oid:
      return fixed(
        width,
        8,
        `const v = ${value}; view.setInt32(p, v < 0 ? -1 : 0); view.setInt32(p + 4, v); p += 8;`,
      );
    default:
      return fixed(width, 4, `view.setInt32(p, ${value}); p += 4;`);
  }
}

function bigintBinary(column: EncodedColumn): Cell {
  switch (column.typeOid) {
    case PG_TYPES.oid.oid:
    case PG_TYPES.int4.oid:
      return fixed(8, 4, "view.setUint32(p, d#.getUint32(r * 8, true)); p += 4;");
    case PG_TYPES.numeric.oid:
      return fixed(8, 48, "p = putNumeric64(view, buffer, p, d#, r * 8, 0, 1, 1);");
    default:
      return fixed(8, 8, SWAP_64);
  }
}

function decimalText(width: number, scale: number): Cell {
  const rest = `${scale}, ${10 ** scale}`;
  switch (decimalBytes(width)) {
    case 2:
      return fixed(2, 8, `p = putDecimal(view, p, d#.getInt16(r * 2, true), ${rest});`);
    case 4:
      return fixed(4, 12, `p = putDecimal(view, p, d#.getInt32(r * 4, true), ${rest});`);
    case 8:
      return fixed(8, 24, `p = putDecimal64(view, p, d#, r * 8, ${rest});`);
    case 16:
      return fixed(16, 44, `p = putDecimal128(view, p, d#, r * 16, ${scale});`);
  }
}

function decimalBinary(width: number, scale: number): Cell {
  const padding = 10 ** ((4 - (scale % 4)) % 4);
  const rest = `${scale}, ${10 ** scale}, ${padding}`;
  switch (decimalBytes(width)) {
    case 2:
      return fixed(2, 48, `p = putNumeric(view, p, d#.getInt16(r * 2, true), ${rest});`);
    case 4:
      return fixed(4, 48, `p = putNumeric(view, p, d#.getInt32(r * 4, true), ${rest});`);
    case 8:
      return fixed(8, 48, `p = putNumeric64(view, buffer, p, d#, r * 8, ${rest});`);
    case 16:
      return fixed(16, 48, `p = putNumeric128(view, buffer, p, d#, r * 16, ${scale});`);
  }
}

/** The texts of the values are made once; the vector holds their numbers. */
function enumCell(values: readonly string[]): Cell {
  const labels = values.map((value) => Buffer.from(value));
  const width = enumBytes(values.length);
  const index = {
    1: "d#.getUint8(r)",
    2: "d#.getUint16(r * 2, true)",
    4: "d#.getUint32(r * 4, true)",
  };
  return {
    code: `p = putBytes(buffer, p, k#[${index[width]}]);`,
    maxBytes: labels.reduce((longest, label) => Math.max(longest, label.length), 0),
    isFree: true,
    constant: labels,
    newSource: () => new FixedSource(width),
  };
}

/** Makes room for more bytes. As text, since variables that a closure shares are slower. */
export function growCode(bytes: string): string {
  return `{ page.length = p; page.reserve(${bytes} + slack); ${RELOAD_CODE} }`;
}

export const RELOAD_CODE = "buffer = page.buffer; view = page.view; room = buffer.length - slack;";

const STRING_CODE = `const n = d#.getUint32(r * 16, true);
        if (p + n > room) ${growCode("n")}
        p = n <= 12
          ? putInline(view, p, d#, r * 16, n)
          : putHeap(view, buffer, p, h#, w#, o#[r], n);`;

const STRING_CELL: Cell = {
  code: STRING_CODE,
  maxBytes: 0,
  isFree: true,
  constant: undefined,
  newSource: (copyStringsOneByOne) => new StringSource(copyStringsOneByOne),
};

/** jsonb in binary is its text behind a version. */
const JSONB_CELL: Cell = {
  ...STRING_CELL,
  code: `view.setUint8(p, 1); p += 1;\n        ${STRING_CODE}`,
  maxBytes: 1,
};

const HEX_CELL: Cell = {
  ...STRING_CELL,
  code: `const n = d#.getUint32(r * 16, true);
        if (p + n * 2 > room) ${growCode("n * 2")}
        p = n <= 12 ? putHex(view, p, d#, r * 16 + 4, n) : putHex(view, p, w#, o#[r], n);`,
  maxBytes: 2,
};

function slowCell(type: DuckDBType, write: (value: Value) => Buffer): Cell {
  return {
    code: `const t = k#(s#.read(r));
        if (p + t.length > room) ${growCode("t.length")}
        p = putBytes(buffer, p, t);`,
    maxBytes: 0,
    isFree: true,
    constant: write,
    newSource: () => new SlowSource(type),
  };
}
