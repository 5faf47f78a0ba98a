import { booleanWord } from "../core/boolean-word.ts";
import { PgError } from "../core/pg-error.ts";
import type { Condition } from "../core/sqlstate.ts";
import {
  type DateTimeContext,
  parseDate,
  parseTime,
  parseTimestamp,
  parseTimestamptz,
  parseTimetz,
} from "./datetime-input.ts";
import { parseInterval } from "./interval.ts";
import { parseNumeric } from "./numeric.ts";
import type { Read, ReadArray } from "./parameters.ts";
import { PG_TYPES, type PgTypeName } from "./pg-types.ts";

/** A value from its text format, by the rules and with the words of PostgreSQL's input functions. */
export function readText(name: PgTypeName, bytes: Buffer, context: DateTimeContext): Read {
  return parseScalar(name, decodeUtf8(bytes), context);
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Text that PostgreSQL would accept: valid UTF-8 without NUL. */
export function decodeUtf8(bytes: Buffer): string {
  const zero = bytes.indexOf(0);
  if (zero >= 0) throw invalidByte(0);
  try {
    return UTF8.decode(bytes);
  } catch {
    return throwInvalidUtf8(bytes);
  }
}

function throwInvalidUtf8(bytes: Buffer): never {
  // The first byte that does not survive a round trip.
  const again = Buffer.from(bytes.toString("utf8"));
  let index = 0;
  while (index < bytes.length && bytes[index] === again[index]) index += 1;
  throw invalidByte(bytes[index] ?? 0);
}

function invalidByte(byte: number): PgError {
  return new PgError(
    "character_not_in_repertoire",
    `invalid byte sequence for encoding "UTF8": 0x${byte.toString(16).padStart(2, "0")}`,
  );
}

function parseScalar(name: PgTypeName, text: string, context: DateTimeContext): Read {
  switch (name) {
    case "bool":
      return parseBoolean(text);
    case "int2":
      return Number(parseInteger(name, text, 16));
    case "int4":
      return Number(parseInteger(name, text, 32));
    case "int8":
      return parseInteger(name, text, 64);
    case "oid":
      return parseInteger(name, text, 33);
    case "float4":
    case "float8":
      return parseFloating(name, text);
    case "numeric":
      return parseNumeric(text);
    case "bytea":
      return parseBytea(text);
    case "date":
      return parseDate(text, context);
    case "time":
      return parseTime(text);
    case "timetz":
      return parseTimetz(text, context);
    case "timestamp":
      return parseTimestamp(text, context);
    case "timestamptz":
      return parseTimestamptz(text, context);
    case "interval":
      return parseInterval(text);
    case "uuid":
      return parseUuid(text);
    case "json":
    case "jsonb":
      return parseJson(text);
    case "bit":
    case "varbit":
      return parseBits(text);
    case "char":
    case "name":
    case "text":
    case "unknown":
    case "bpchar":
    case "varchar":
      return text;
  }
}

export function invalidSyntax(
  name: PgTypeName,
  text: string,
  condition: Condition = "invalid_text_representation",
): PgError {
  return new PgError(
    condition,
    `invalid input syntax for type ${PG_TYPES[name].sqlName}: "${text}"`,
  );
}

function parseBoolean(text: string): boolean {
  const value = booleanWord(text.trim());
  if (value === undefined) throw invalidSyntax("bool", text);
  return value;
}

function parseInteger(name: PgTypeName, text: string, bits: number): bigint {
  const digits = /^\s*([-+]?)(\d+)\s*$/.exec(text);
  if (digits === null) throw invalidSyntax(name, text);
  const value = BigInt(digits[2] ?? "") * (digits[1] === "-" ? -1n : 1n);
  if (BigInt.asIntN(bits, value) !== value) {
    throw new PgError(
      "numeric_value_out_of_range",
      `value "${text}" is out of range for type ${PG_TYPES[name].sqlName}`,
    );
  }
  return value;
}

function parseFloating(name: "float4" | "float8", text: string): number {
  const word = text.trim();
  const special = /^([-+]?)(?:(nan)|inf(?:inity)?)$/i.exec(word);
  if (special !== null) {
    if (special[2] !== undefined) return Number.NaN;
    return special[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }
  if (!/^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i.test(word)) throw invalidSyntax(name, text);
  const value = name === "float4" ? Math.fround(Number(word)) : Number(word);
  const isLost = value === 0 && /[1-9]/.test(word.split(/e/i)[0] ?? "");
  if (!Number.isFinite(value) || isLost) {
    throw new PgError(
      "numeric_value_out_of_range",
      `"${text}" is out of range for type ${PG_TYPES[name].sqlName}`,
    );
  }
  return value;
}

function parseBytea(text: string): Uint8Array {
  if (text.startsWith("\\x")) {
    const hex = text.slice(2).replaceAll(/\s/g, "");
    const wrong = /[^0-9a-f]/i.exec(hex)?.[0];
    if (wrong !== undefined) {
      throw new PgError("invalid_parameter_value", `invalid hexadecimal digit: "${wrong}"`);
    }
    if (hex.length % 2 !== 0) {
      throw new PgError(
        "invalid_parameter_value",
        "invalid hexadecimal data: odd number of digits",
      );
    }
    return Buffer.from(hex, "hex");
  }
  if (/\\(?!\\|[0-3][0-7]{2})/.test(text.replaceAll("\\\\", ""))) {
    throw new PgError("invalid_text_representation", "invalid input syntax for type bytea");
  }
  const parts = text.split(/(\\\\|\\[0-3][0-7]{2})/);
  return Buffer.concat(
    parts.map((part) => {
      if (part === "\\\\") return Buffer.from("\\");
      if (/^\\[0-7]{3}$/.test(part)) return Buffer.of(Number.parseInt(part.slice(1), 8));
      return Buffer.from(part);
    }),
  );
}

function parseUuid(text: string): bigint {
  const match = /^(\{?)([0-9a-f]{4}(?:-?[0-9a-f]{4}){7})(\}?)$/i.exec(text);
  if (match === null || (match[1] === "{") !== (match[3] === "}"))
    throw invalidSyntax("uuid", text);
  return BigInt(`0x${(match[2] ?? "").replaceAll("-", "")}`);
}

function parseJson(text: string): string {
  try {
    JSON.parse(text);
  } catch (error) {
    throw new PgError("invalid_text_representation", "invalid input syntax for type json", {
      detail: error instanceof Error ? `${error.message}.` : undefined,
      cause: error,
    });
  }
  return text;
}

/** In DuckDB's form, whose first byte counts the padding in front. */
function parseBits(text: string): Uint8Array {
  const wrong = /[^01]/.exec(text)?.[0];
  if (wrong !== undefined) {
    throw new PgError("invalid_text_representation", `"${wrong}" is not a valid binary digit`);
  }
  const padding = (8 - (text.length % 8)) % 8;
  // DuckDB fills the padding with ones.
  const padded = "1".repeat(padding) + text;
  return Uint8Array.of(
    padding,
    ...(padded.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)),
  );
}

/** PostgreSQL's array text: `{1,NULL,"a b"}`, `{{1,2},{3,4}}`. */
export function parseArray(name: PgTypeName, bytes: Buffer, context: DateTimeContext): ReadArray {
  const text = decodeUtf8(bytes);
  const malformed = (detail: string) =>
    new PgError("invalid_text_representation", `malformed array literal: "${text}"`, { detail });
  // Bounds such as `[0:1]=` are read and forgotten: DuckDB's lists count from one.
  const start = /^\s*(?:(?:\[[-+]?\d+:[-+]?\d+\])+\s*=)?\s*(?=\{)/.exec(text);
  if (start === null) {
    throw malformed('Array value must start with "{" or dimension information.');
  }
  const token =
    /\s*(?:([{},])|"((?:[^"\\]|\\[\s\S])*)"|((?:[^{},"\\\s]|\\[\s\S])(?:(?:[^{},"\\]|\\[\s\S])*(?:[^{},"\\\s]|\\[\s\S]))?))\s*/y;
  token.lastIndex = start[0].length;

  const next = (): { sign?: string; quoted?: string; bare?: string } => {
    const match = token.exec(text);
    if (match === null) throw malformed("Unexpected end of input.");
    const [, sign, quoted, bare] = match;
    return {
      ...(sign && { sign }),
      ...(quoted !== undefined && { quoted }),
      ...(bare && { bare }),
    };
  };
  const unescape = (part: string) => part.replaceAll(/\\([\s\S])/g, "$1");

  const list = (): ReadArray => {
    const items: (Read | ReadArray)[] = [];
    for (let item = next(), first = true; ; first = false) {
      if (first && item.sign === "}") return items;
      if (item.sign === "{") items.push(list());
      else if (item.quoted !== undefined)
        items.push(parseScalar(name, unescape(item.quoted), context));
      else if (item.bare === undefined) throw malformed(`Unexpected "${item.sign}" character.`);
      else if (/^null$/i.test(item.bare)) items.push(null);
      else items.push(parseScalar(name, unescape(item.bare), context));
      const { sign } = next();
      if (sign === "}") return items;
      if (sign !== ",") throw malformed("Unexpected array element.");
      item = next();
    }
  };
  next();
  const elements = list();
  if (token.lastIndex !== text.length) throw malformed("Junk after closing right brace.");
  return elements;
}
