import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { columnNames, matchColumns, normalizeName } from "../../../src/core/sql-names.ts";

describe("normalizeName", () => {
  test.each([
    ["Order ID", "order_id"],
    ["  Total (net) ", "total_net"],
    ["Unit-Price/EUR", "unit_price_eur"],
    ["2024", "_2024"],
    ["_id", "_id"],
    ["a__b", "a__b"],
    ["Größe", "größe"],
    // The same letters as macOS writes them, with a combining mark.
    ["Gro\u0308ße", "größe"],
    ["Umsatz €", "umsatz_€"],
    ["👍 ok", "👍_ok"],
    ["price$", "price$"],
    ["$x", "_$x"],
    ["non\u00a0breaking", "non_breaking"],
    ["zero\u200bwidth", "zero_width"],
    ['say "hi"', "say_hi"],
    ["order", "order"],
    ["###", ""],
    ["", ""],
  ])("%j becomes %j", (header, name) => {
    expect(normalizeName(header)).toBe(name);
  });

  test("a name is not changed by being normalized again, and fits into 63 bytes", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (header) => {
        const name = normalizeName(header);
        expect(Buffer.byteLength(name)).toBeLessThanOrEqual(63);
        expect(normalizeName(name)).toBe(name);
        expect(name).not.toMatch(/[A-Z\s"]/);
      }),
      { numRuns: 200 },
    );
  });
});

describe("columnNames", () => {
  test("copies of a header are numbered, and empty ones get their place", () => {
    const headers = ["a", "A", "", "a", "  "];
    expect(columnNames(headers, { names: "normalized" })).toEqual([
      "a",
      "a_2",
      "column_3",
      "a_3",
      "column_5",
    ]);
  });

  test("a header keeps its own name before a copy of another takes it", () => {
    expect(columnNames(["a", "a", "a_2"], { names: "normalized" })).toEqual(["a", "a_3", "a_2"]);
  });

  test("as_is keeps case and spaces, but no two names that an engine would take for one", () => {
    const headers = ["Order ID", "order id", ""];
    expect(columnNames(headers, { names: "as_is" })).toEqual([
      "Order ID",
      "order id_2",
      "column_3",
    ]);
  });

  test("a name of the catalog wins over a header of the same name", () => {
    const mapping = new Map([["Kunde", { name: "customer_id" }]]);
    expect(columnNames(["customer_id", "Kunde"], { names: "normalized", mapping })).toEqual([
      "customer_id_2",
      "customer_id",
    ]);
  });

  test("PostgreSQL's system columns are never taken", () => {
    expect(columnNames(["xmin", "CTID"], { names: "normalized" })).toEqual(["xmin_2", "ctid_2"]);
  });

  test("long names are cut between characters and stay different", () => {
    const [first, second] = columnNames(["é".repeat(50), "é".repeat(60)], { names: "as_is" });
    expect(first).toBe("é".repeat(31));
    expect(second).toBe(`${"é".repeat(30)}_2`);
  });

  test("any headers give different names of 1 to 63 bytes, whatever case is worth", () => {
    const header = fc.oneof(
      fc.constantFrom("a", "A", "a_2", "a b", "", " ", "column_1", "xmin"),
      fc.string({ unit: "grapheme", maxLength: 80 }),
    );
    const headers = fc.array(header, { maxLength: 30 });
    fc.assert(
      fc.property(headers, fc.constantFrom("normalized", "as_is"), (given, names) => {
        const made = columnNames(given, { names });
        expect(new Set(made.map((name) => name.toLowerCase())).size).toBe(given.length);
        for (const name of made) {
          expect(name).not.toBe("");
          expect(Buffer.byteLength(name)).toBeLessThanOrEqual(63);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("ten thousand copies of one header take no time", () => {
    const names = columnNames(Array<string>(10_000).fill("x"), { names: "normalized" });
    expect(names.at(-1)).toBe("x_10000");
  });
});

describe("matchColumns", () => {
  test("a key is a header, or else the name that a header gets in SQL", () => {
    const headers = ["Order ID", " Kunde ", "a", "a", ""];
    const keys = ["order_id", "Kunde", "a", "a_2", "column_5", "nowhere"];
    expect(matchColumns(headers, keys, "normalized")).toEqual([
      "order_id",
      "Kunde",
      "a",
      "a_2",
      "column_5",
    ]);
  });

  test("a header that equals a key is meant before one that only becomes it", () => {
    expect(matchColumns(["Order ID", "order_id"], ["order_id"], "normalized")).toEqual([
      undefined,
      "order_id",
    ]);
  });
});
