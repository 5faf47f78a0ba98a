import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import {
  type DuckDBType,
  duckdbTypeText,
  SCALAR_TYPE_NAMES,
} from "../../../src/pgtypes/duckdb-type.ts";
import { parseDuckdbType } from "../../../src/pgtypes/duckdb-type-text.ts";
import { describeType, pgTypeText } from "../../../src/pgtypes/duckdb-types.ts";
import { PG_TYPE_NAMES, PG_TYPES, pgTypeByOid } from "../../../src/pgtypes/pg-types.ts";

test("the table of types says what PostgreSQL's pg_type says", () => {
  // What record-parameters.ts has written.
  const { types } = JSON.parse(
    readFileSync(new URL("./parameters.recorded.json", import.meta.url), "utf8"),
  ) as { types: { name: string }[] };
  const ours = PG_TYPE_NAMES.map((name) => ({
    name,
    ...PG_TYPES[name],
  }));
  const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
  expect(ours.toSorted(byName)).toEqual(types.toSorted(byName));
});

test("types are found by their own OID and by that of their arrays", () => {
  expect(pgTypeByOid(23)).toEqual({ name: "int4", isArray: false });
  expect(pgTypeByOid(1007)).toEqual({ name: "int4", isArray: true });
  expect(pgTypeByOid(600)).toBeUndefined();
});

test.each<[string, number, number, number]>([
  ["BOOLEAN", 16, 1, -1],
  ["TINYINT", 21, 2, -1],
  ["USMALLINT", 23, 4, -1],
  ["UINTEGER", 20, 8, -1],
  ["UBIGINT", 1700, -1, -1],
  ["HUGEINT", 1700, -1, -1],
  ["DECIMAL(12,2)", 1700, -1, ((12 << 16) | 2) + 4],
  ["DECIMAL(12,2)[]", 1231, -1, ((12 << 16) | 2) + 4],
  ["VARCHAR", 25, -1, -1],
  ["JSON", 114, -1, -1],
  ["ENUM('a', 'b')", 25, -1, -1],
  ["TIMESTAMP_NS", 1114, 8, -1],
  ["TIMESTAMP WITH TIME ZONE", 1184, 8, -1],
  ["INTEGER[][]", 1007, -1, -1],
  ["INTEGER[3]", 1007, -1, -1],
  ["STRUCT(a INTEGER)", 114, -1, -1],
  ["STRUCT(a INTEGER)[]", 199, -1, -1],
  ["MAP(VARCHAR, INTEGER)", 114, -1, -1],
  ['"NULL"', 25, -1, -1],
])(
  "%s is described with type %i, size %i, modifier %i",
  (text, typeOid, typeSize, typeModifier) => {
    const type = parseDuckdbType(text);
    expect(type && describeType(type)).toEqual({ typeOid, typeSize, typeModifier });
  },
);

test.each([
  ["DECIMAL(12,2)", "numeric(12,2)"],
  ["TIMESTAMP WITH TIME ZONE", "timestamp with time zone"],
  ["VARCHAR[]", "text[]"],
  ["BIGINT[][]", "bigint[]"],
  ["STRUCT(a INTEGER)", "json"],
])("%s is %s in PostgreSQL's words", (duckdb, postgres) => {
  const type = parseDuckdbType(duckdb);
  expect(type && pgTypeText(type)).toBe(postgres);
});

test.each<DuckDBType>([
  ...SCALAR_TYPE_NAMES.map((id) => ({ id })),
  { id: "DECIMAL", width: 38, scale: 10 },
  { id: "ENUM", values: ["a", "it's", "ünï"] },
  {
    id: "MAP",
    keyType: { id: "VARCHAR" },
    valueType: { id: "LIST", valueType: { id: "TIMESTAMP WITH TIME ZONE" } },
  },
  {
    id: "STRUCT",
    fields: [
      { name: 'odd "name"', type: { id: "ARRAY", valueType: { id: "INTEGER" }, length: 3 } },
      { name: "b", type: { id: "UNION", members: [{ name: "n", type: { id: "DOUBLE" } }] } },
    ],
  },
])("a type survives its own text: $id", (type) => {
  expect(parseDuckdbType(duckdbTypeText(type))).toEqual(type);
});

test.each([
  "",
  "NOPE",
  "DECIMAL",
  "DECIMAL(1",
  "INTEGER]",
  "STRUCT(",
  "INTEGER INTEGER",
  "VARCHAR;",
])("%j is no type", (text) => {
  expect(parseDuckdbType(text)).toBeUndefined();
});
