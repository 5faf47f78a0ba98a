import { describe, expect, test } from "vitest";
import {
  COLUMN_TYPE_NAMES,
  formatColumnType,
  parseColumnType,
} from "../../../src/catalog/column-type.ts";

function normalized(text: string): string {
  const reading = parseColumnType(text);
  return reading.ok ? formatColumnType(reading.type) : reading.message;
}

describe("parseColumnType", () => {
  test.each([
    ["BOOL", "boolean"],
    ["int2", "smallint"],
    ["int", "integer"],
    ["int8", "bigint"],
    ["numeric", "numeric"],
    ["decimal(10)", "numeric(10,0)"],
    [" Numeric ( 38 , 38 ) ", "numeric(38,38)"],
    ["float", "double precision"],
    ["float(24)", "real"],
    ["float(25)", "double precision"],
    ["double  precision", "double precision"],
    ["character varying(20)", "varchar(20)"],
    ["char", "char(1)"],
    ["bpchar(3)", "char(3)"],
    ["timestamp with time zone", "timestamptz"],
    ["time without time zone", "time"],
    ["uuid", "uuid"],
    ["bytea", "bytea"],
  ])("%j is %s", (text, type) => {
    expect(normalized(text)).toBe(type);
  });

  test.each([
    ["", '"" is not a type that a column can have'],
    ["text[]", "columns of type text[] are not supported"],
    ["timetz", "columns of type timetz are not supported"],
    ["int4range", "columns of type int4range are not supported"],
    ["toString", '"toString" is not a type that a column can have'],
    ["__proto__", '"__proto__" is not a type that a column can have'],
    ["numeric(12", 'the type "numeric(12" has no closing parenthesis'],
    ["numeric(0)", 'in the type "numeric(0)" a precision is from 1 to 38'],
    ["numeric(2,3)", 'in the type "numeric(2,3)" the scale cannot exceed the precision'],
    ["numeric(1,2,3)", 'the type "numeric" takes at most 2 numbers in parentheses'],
    ["varchar(0)", 'in the type "varchar(0)" a length is from 1 to 10485760'],
    ["timestamp(3)", 'the type "timestamp" takes nothing in parentheses'],
  ])("%j is refused: %s", (text, message) => {
    expect(normalized(text)).toBe(message);
  });

  test("every name that is suggested is accepted, and its normal form is its own", () => {
    for (const name of COLUMN_TYPE_NAMES) {
      const once = normalized(name);
      expect(parseColumnType(name)).toMatchObject({ ok: true });
      expect(normalized(once)).toBe(once);
    }
  });
});
