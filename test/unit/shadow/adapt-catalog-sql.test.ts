import fc from "fast-check";
import { expect, test } from "vitest";
import { adaptCatalogSql } from "../../../src/shadow/adapt-catalog-sql.ts";

test.each([
  ["SELECT d.daticulocale AS x", "SELECT d.datlocale    AS x"],
  ["SELECT c.collIcuLocale, 1", "SELECT c.colllocale   , 1"],
  ['SELECT d."daticulocale"', 'SELECT d."datlocale"   '],
  ["SELECT 'a' || daticulocale", "SELECT 'a' || datlocale   "],
  ["SELECT /* daticulocale */ colliculocale", "SELECT /* daticulocale */ colllocale   "],
])("%j becomes %j, and no position moves", (sql, adapted) => {
  expect(adaptCatalogSql(sql)).toBe(adapted);
});

test.each([
  "SELECT 'daticulocale'",
  String.raw`SELECT E'\'daticulocale'`,
  "SELECT 'it''s daticulocale'",
  "SELECT $q$ daticulocale $q$, $$colliculocale$$",
  "SELECT 1 -- daticulocale",
  'SELECT "DATICULOCALE"',
  "SELECT my_daticulocale, daticulocale2, x$daticulocale",
])("%j stays as it is", (sql) => {
  expect(adaptCatalogSql(sql)).toBe(sql);
});

test("no statement changes its length, and one without the names does not change", () => {
  const piece = fc.constantFrom(
    "daticulocale",
    "'",
    '"',
    "$$",
    "--",
    "/*",
    "*/",
    " ",
    "\n",
    "e'",
    "\\",
    "a",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const sql = pieces.join("");
      expect(adaptCatalogSql(sql)).toHaveLength(sql.length);
      const other = sql.replaceAll("daticulocale", "datname");
      expect(adaptCatalogSql(other)).toBe(other);
    }),
  );
});
