import { PgError } from "../core/pg-error.ts";
import { dateFromPgDays, timestampFromPgMicros, timetzBits } from "./datetime.ts";
import { readNumericBinary } from "./numeric.ts";
import { decodeUtf8 } from "./parameter-text.ts";
import type { Read, ReadArray } from "./parameters.ts";
import { PG_TYPES, type PgTypeName, pgTypeByOid } from "./pg-types.ts";

/** Lengths of the types whose binary format has a fixed one. */
const LENGTHS: { readonly [T in PgTypeName]?: number } = {
  bool: 1,
  char: 1,
  int2: 2,
  int4: 4,
  int8: 8,
  oid: 4,
  float4: 4,
  float8: 8,
  date: 4,
  time: 8,
  timetz: 12,
  timestamp: 8,
  timestamptz: 8,
  interval: 16,
  uuid: 16,
};

/**
 * A value from PostgreSQL's binary format; `number` is the parameter's, for messages, and undefined
 * where the value is none.
 */
export function readBinary(name: PgTypeName, bytes: Buffer, number: number | undefined): Read {
  const length = LENGTHS[name];
  if (length !== undefined && bytes.length < length) {
    throw new PgError("protocol_violation", "insufficient data left in message");
  }
  if (length !== undefined && bytes.length > length) throw incorrect(number);
  switch (name) {
    case "bool":
      return bytes[0] !== 0;
    case "int2":
      return bytes.readInt16BE();
    case "int4":
      return bytes.readInt32BE();
    case "int8":
      return bytes.readBigInt64BE();
    case "oid":
      return BigInt(bytes.readUInt32BE());
    case "float4":
      return bytes.readFloatBE();
    case "float8":
      return bytes.readDoubleBE();
    case "numeric":
      return readNumericBinary(bytes);
    case "bytea":
      return new Uint8Array(bytes);
    case "date":
      return dateFromPgDays(bytes.readInt32BE());
    case "time":
      return timeOfDay(bytes.readBigInt64BE());
    case "timetz":
      // PostgreSQL counts this offset westward.
      return timetzBits(timeOfDay(bytes.readBigInt64BE()), -bytes.readInt32BE(8));
    case "timestamp":
    case "timestamptz":
      return timestampFromPgMicros(bytes.readBigInt64BE());
    case "interval":
      return {
        micros: bytes.readBigInt64BE(),
        days: bytes.readInt32BE(8),
        months: bytes.readInt32BE(12),
      };
    case "uuid":
      return BigInt(`0x${bytes.toString("hex")}`);
    case "jsonb":
      if (bytes[0] !== 1) {
        throw new PgError(
          "protocol_violation",
          `unsupported jsonb version number ${bytes[0] ?? 0}`,
        );
      }
      return decodeUtf8(bytes.subarray(1));
    case "bit":
    case "varbit":
      return readBits(bytes, number);
    case "char":
    case "name":
    case "text":
    case "json":
    case "unknown":
    case "bpchar":
    case "varchar":
      return decodeUtf8(bytes);
  }
}

function incorrect(number: number | undefined): PgError {
  const place = number === undefined ? "" : ` in bind parameter ${number}`;
  return new PgError("invalid_binary_representation", `incorrect binary data format${place}`);
}

function timeOfDay(micros: bigint): bigint {
  if (micros < 0n || micros > 86_400_000_000n) {
    throw new PgError("datetime_field_overflow", "time out of range");
  }
  return micros;
}

/** To DuckDB's form, which pads in front, with ones, and says by how many bits. */
function readBits(bytes: Buffer, number: number | undefined): Uint8Array {
  if (bytes.length < 4) throw incorrect(number);
  const bits = bytes.readInt32BE();
  if (bits < 0 || bytes.length !== 4 + Math.ceil(bits / 8)) throw incorrect(number);
  const padding = (8 - (bits % 8)) % 8;
  const out = new Uint8Array(bytes.length - 3);
  out[0] = padding;
  for (let index = 4; index < bytes.length; index += 1) {
    const before = index === 4 ? 0xff : (bytes[index - 1] ?? 0);
    out[index - 3] = ((before << (8 - padding)) | ((bytes[index] ?? 0) >> padding)) & 0xff;
  }
  return out;
}

/** PostgreSQL's MAXDIM. */
const MAX_DIMENSIONS = 6;

/** An array: dimensions, a flag, the element's OID, each dimension's length and bound, elements. */
export function readBinaryArray(
  name: PgTypeName,
  bytes: Buffer,
  number: number | undefined,
): ReadArray {
  const reader = new ArrayReader(bytes, number);
  const dimensions = reader.int32();
  reader.int32();
  const elementOid = reader.int32();
  if (dimensions < 0 || dimensions > MAX_DIMENSIONS) {
    throw new PgError(
      "program_limit_exceeded",
      `number of array dimensions (${dimensions}) exceeds the maximum allowed (${MAX_DIMENSIONS})`,
    );
  }
  const element = pgTypeByOid(elementOid);
  if (element === undefined || element.isArray || !isBinaryAlike(element.name, name)) {
    throw new PgError(
      "datatype_mismatch",
      `binary data has array element type ${elementOid} instead of expected ${PG_TYPES[name].oid}`,
    );
  }
  const lengths: number[] = [];
  for (let dimension = 0; dimension < dimensions; dimension += 1) {
    const length = reader.int32();
    if (length < 0) throw incorrect(number);
    lengths.push(length);
    reader.int32();
  }
  // Each element takes at least its length field: what cannot be there is not waited for.
  const count = lengths.reduce((product, length) => product * length, dimensions === 0 ? 0 : 1);
  if (count * 4 > reader.rest) {
    throw new PgError("protocol_violation", "insufficient data left in message");
  }
  const read = (dimension: number): ReadArray =>
    Array.from({ length: lengths[dimension] ?? 0 }, () => {
      if (dimension + 1 < lengths.length) return read(dimension + 1);
      const item = reader.item();
      return item === null ? null : readBinary(name, item, number);
    });
  const elements = count === 0 ? [] : read(0);
  if (reader.rest !== 0) throw incorrect(number);
  return elements;
}

/** Whether two types have one binary format, as PostgreSQL's text types have. */
function isBinaryAlike(one: PgTypeName, other: PgTypeName): boolean {
  const isText = (name: PgTypeName) => ["text", "varchar", "bpchar", "name"].includes(name);
  return one === other || (isText(one) && isText(other));
}

class ArrayReader {
  readonly #bytes: Buffer;
  readonly #number: number | undefined;
  #offset = 0;

  constructor(bytes: Buffer, number: number | undefined) {
    this.#bytes = bytes;
    this.#number = number;
  }

  get rest(): number {
    return this.#bytes.length - this.#offset;
  }

  int32(): number {
    if (this.rest < 4) {
      throw new PgError("protocol_violation", "insufficient data left in message");
    }
    const value = this.#bytes.readInt32BE(this.#offset);
    this.#offset += 4;
    return value;
  }

  item(): Buffer | null {
    const length = this.int32();
    if (length === -1) return null;
    if (length < 0 || length > this.rest) throw incorrect(this.#number);
    const item = this.#bytes.subarray(this.#offset, this.#offset + length);
    this.#offset += length;
    return item;
  }
}
