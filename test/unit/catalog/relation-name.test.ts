import { describe, expect, test } from "vitest";
import { parseRelationName, parseTableReference } from "../../../src/catalog/relation-name.ts";

describe("parseRelationName", () => {
  test.each([
    ["orders", "public", "orders"],
    ["Order Items", "public", "Order Items"],
    ["finance.ledger", "finance", "ledger"],
    ['"odd.name"', "public", "odd.name"],
    ['finance."a ""b"""', "finance", 'a "b"'],
    ['"a.b"."c.d"', "a.b", "c.d"],
    ['5" nails', "public", '5" nails'],
    ["Umsätze 🚀", "public", "Umsätze 🚀"],
  ])("%j is %j.%j", (text, schema, name) => {
    expect(parseRelationName(text)).toEqual({ ok: true, relation: { schema, name } });
  });

  test.each([".x", "x.", "a.b.c", '"a', '"a"b', "pg_temp.x", "INFORMATION_SCHEMA.x", ""])(
    "%j is refused",
    (text) => {
      expect(parseRelationName(text)).toMatchObject({ ok: false });
    },
  );
});

describe("parseTableReference", () => {
  test.each([
    ["customers(id)", "public", "customers", ["id"]],
    [" customers ( id , region ) ", "public", "customers", ["id", "region"]],
    ["finance.ledger(year)", "finance", "ledger", ["year"]],
    ["customers", "public", "customers", []],
    ['"odd (x)"("a, b", c)', "public", "odd (x)", ["a, b", "c"]],
  ])("%j", (text, schema, name, columns) => {
    expect(parseTableReference(text)).toEqual({ relation: { schema, name }, columns });
  });

  test.each(["", "t(", "t(id", "t()", "t(a,)", "a.b.c(id)", "(id)"])("%j is refused", (text) => {
    expect(parseTableReference(text)).toBeUndefined();
  });
});
