import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { PgError } from "../../../src/core/pg-error.ts";
import { readParameter } from "../../../src/pgtypes/parameters.ts";
import { PG_TYPES, type PgTypeName } from "../../../src/pgtypes/pg-types.ts";
import { TimeZone } from "../../../src/pgtypes/time-zone.ts";
import { valueBinary } from "../../../src/pgtypes/value-binary.ts";
import { ARRAY_TEXTS, PARAMETER_TEXTS, RECORDED_ZONE } from "./parameter-cases.ts";

type Answer = string | { readonly sqlstate: string; readonly message: string };

// What record-parameters.ts has written.
const RECORDED = (
  JSON.parse(readFileSync(new URL("./parameters.recorded.json", import.meta.url), "utf8")) as {
    values: Record<string, Record<string, Answer>>;
  }
).values;

const CONTEXT = { zone: new TimeZone(RECORDED_ZONE), nowMicros: 1_700_000_000_000_000n };

/** What we make of a parameter, put as PostgreSQL was asked to put it. */
function answerFor(typeOid: number, format: 0 | 1, bytes: Buffer): Answer {
  try {
    const { type, value } = readParameter({ typeOid, format, bytes, number: 1 }, CONTEXT);
    if (value === null) return "null";
    return valueBinary(type, value, CONTEXT.zone).toString("hex");
  } catch (error) {
    if (!(error instanceof PgError)) throw error;
    return { sqlstate: error.sqlstate, message: error.message };
  }
}

const cases = (texts: { readonly [T in PgTypeName]?: readonly string[] }, suffix: string) =>
  Object.entries(texts).flatMap(([name, list]) =>
    // The keys are type names by declaration.
    list.map((text) => ({ name: name as PgTypeName, label: name + suffix, text })),
  );

const ALL_CASES = [
  ...cases(PARAMETER_TEXTS, "").map((each) => ({ ...each, oid: PG_TYPES[each.name].oid })),
  ...cases(ARRAY_TEXTS, "[]").map((each) => ({ ...each, oid: PG_TYPES[each.name].arrayOid })),
].map((each) => ({ ...each, expected: RECORDED[each.label]?.[each.text] }));

test.each(ALL_CASES)("as text, $label $text is read as PostgreSQL reads it", (each) => {
  expect(answerFor(each.oid, 0, Buffer.from(each.text))).toEqual(each.expected);
});

const VALID_CASES = ALL_CASES.flatMap(({ expected, ...each }) =>
  typeof expected === "string" ? [{ ...each, expected }] : [],
);

test.each(VALID_CASES)("in binary, $label $text is read as PostgreSQL reads it", (each) => {
  expect(answerFor(each.oid, 1, Buffer.from(each.expected, "hex"))).toEqual(each.expected);
});

const read = (typeOid: number, text: string) =>
  readParameter({ typeOid, format: 0, bytes: Buffer.from(text), number: 1 }, CONTEXT);

test("a numeric becomes a DECIMAL with the scale in which it is written", () => {
  expect(read(1700, "1.50")).toEqual({ type: { id: "DECIMAL", width: 3, scale: 2 }, value: 150n });
  expect(read(1700, "-0.001")).toEqual({ type: { id: "DECIMAL", width: 4, scale: 3 }, value: -1n });
  expect(read(1700, "1e5")).toEqual({
    type: { id: "DECIMAL", width: 6, scale: 0 },
    value: 100_000n,
  });
});

test("the numerics of an array share one scale that loses nothing", () => {
  expect(read(1231, "{1.5,2,NULL,-0.001}")).toEqual({
    type: { id: "LIST", valueType: { id: "DECIMAL", width: 4, scale: 3 } },
    value: [1500n, 2000n, null, -1n],
  });
});

test("what no DECIMAL can hold becomes a DOUBLE", () => {
  expect(read(1700, "NaN")).toEqual({ type: { id: "DOUBLE" }, value: Number.NaN });
  expect(read(1700, "-Infinity")).toEqual({ type: { id: "DOUBLE" }, value: -Infinity });
  expect(read(1700, "1e40")).toEqual({ type: { id: "DOUBLE" }, value: 1e40 });
  expect(read(1231, "{NaN,1.5}").value).toEqual([Number.NaN, 1.5]);
});

test("bounds of an array are forgotten, for DuckDB's lists have none", () => {
  expect(read(1007, "[0:1]={7,8}").value).toEqual([7, 8]);
});

test("a timestamp beyond DuckDB's last one is out of range", () => {
  expect(() => read(1114, "294276-12-31 23:59:59")).toThrow(
    expect.objectContaining({ sqlstate: "22008" }),
  );
});

test("an absent value is NULL of its type", () => {
  const nothing = (typeOid: number) =>
    readParameter({ typeOid, format: 0, bytes: null, number: 1 }, CONTEXT);
  expect(nothing(23)).toEqual({ type: { id: "INTEGER" }, value: null });
  expect(nothing(1009)).toEqual({
    type: { id: "LIST", valueType: { id: "VARCHAR" } },
    value: null,
  });
});

test("a type that is not known here is refused by name", () => {
  expect(() => read(600, "(1,2)")).toThrow(
    expect.objectContaining({ sqlstate: "0A000", hint: expect.stringContaining("as text") }),
  );
});

test("text with a NUL or broken UTF-8 is refused as PostgreSQL does", () => {
  const bytes = (...list: number[]) =>
    readParameter({ typeOid: 25, format: 0, bytes: Uint8Array.from(list), number: 1 }, CONTEXT);
  expect(() => bytes(0x61, 0)).toThrow('invalid byte sequence for encoding "UTF8": 0x00');
  expect(() => bytes(0x61, 0xff)).toThrow('invalid byte sequence for encoding "UTF8": 0xff');
});

describe("binary parameters that are not what they should be", () => {
  const binary = (typeOid: number, hex: string) => () =>
    readParameter({ typeOid, format: 1, bytes: Buffer.from(hex, "hex"), number: 3 }, CONTEXT);
  const failing = (sqlstate: string, message: string) =>
    expect.objectContaining({ sqlstate, message });

  test("a short one ends the message early", () => {
    expect(binary(23, "0001")).toThrow(failing("08P01", "insufficient data left in message"));
  });
  test("a long one names the parameter", () => {
    expect(binary(23, "0000000100")).toThrow(
      failing("22P03", "incorrect binary data format in bind parameter 3"),
    );
  });
  test("a numeric with an impossible digit is refused", () => {
    expect(binary(1700, "00010000000000002710")).toThrow(
      failing("22P03", 'invalid digit in external "numeric" value'),
    );
  });
  test("an array that claims more elements than it has bytes is refused before memory is taken", () => {
    expect(binary(1007, "0000000100000000000000177fffffff00000001")).toThrow(
      failing("08P01", "insufficient data left in message"),
    );
  });
  test("an array of another element type is refused", () => {
    expect(binary(1007, "000000000000000000000019")).toThrow(
      failing("42804", "binary data has array element type 25 instead of expected 23"),
    );
  });
});
