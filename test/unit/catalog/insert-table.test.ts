import fc from "fast-check";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { insertTable } from "../../../src/catalog/insert-table.ts";

const NEW = { source: "s:new.csv", columns: new Map([["Order ID", { type: "numeric(12,2)" }]]) };

test("a table is added behind the last one, and no other line changes", () => {
  const before = `# head
workspace: demo   # the shop
members: [ana,   "bob"]
tables:
  # the first
  orders:
    source: 's:orders.csv'
    columns:
      id: {type: bigint}   # keep

  "budget":
    source: s:budget.xlsx
    # columns: none yet
  # after the tables

views:
  v: { sql: "SELECT 1" }
`;
  expect(insertTable(before, "fresh", NEW)).toBe(
    before.replace(
      "    # columns: none yet\n",
      `    # columns: none yet

  fresh:
    source: s:new.csv
    columns:
      Order ID: { type: "numeric(12,2)" }
`,
    ),
  );
});

test("the file's own indentation is kept", () => {
  const before = "tables:\n    a:\n        source: s:a.csv\nviews: {}\n";
  expect(insertTable(before, "b", NEW)).toBe(
    `tables:
    a:
        source: s:a.csv
    b:
        source: s:new.csv
        columns:
            Order ID: { type: "numeric(12,2)" }
views: {}
`,
  );
});

test.each([
  ["workspace: w\n", "workspace: w\n\ntables:\n"],
  ["workspace: w", "workspace: w\n\ntables:\n"],
  ["workspace: w\ntables:\n", "workspace: w\ntables:\n"],
  ["workspace: w\ntables: {}  # none\nviews: {}\n", "workspace: w\ntables:  # none\n"],
  ["workspace: w\ntables: ~\n", "workspace: w\ntables:\n"],
  ["", "tables:\n"],
])("%j has no table yet", (before, start) => {
  const after = insertTable(before, "b", { ...NEW, xlsx: { sheet: "2024" } });
  expect(
    after.startsWith(`${start}  b:\n    source: s:new.csv\n    xlsx: { sheet: "2024" }\n`),
  ).toBe(true);
});

test.each([
  ["tables: {\n}\nviews: {}\n", "tables:\n  b:\n"],
  ["tables: {\r\n  }\r\nviews: {}\r\n", "tables:\r\n  b:\r\n"],
  ["tables: {\n} # none\nviews: {}\n", "tables: # none\n  b:\n"],
  ["tables:\n  {}\nviews: {}\n", "tables:\n  b:\n"],
  ["tables: # none\n  {}\nviews: {}\n", "tables: # none\n  b:\n"],
  ["tables: {\n  # none\n}\nviews: {}\n", "tables:"],
  ["tables: &all {}\nviews: {}\n", "tables: &all\n  b:\n"],
  ["tables:\n  null\nviews: {}\n", "tables:\n  b:\n"],
])("%j has no table yet, wherever its braces are", (before, start) => {
  const after = insertTable(before, "b", NEW);
  expect(after.startsWith(start)).toBe(true);
  expect(after.includes("# none")).toBe(before.includes("# none"));
  expect(parse(after)).toMatchObject({ tables: { b: { source: "s:new.csv" } }, views: {} });
});

test("a last table that ends in a block of text, in a list or in nothing is whole", () => {
  for (const last of [
    "    description: |\n      one\n      two\n",
    "    foreign_keys:\n      - { columns: [a], references: b(c) }\n",
    "    primary_key:\n    - a\n    - b\n",
    "    csv:\n",
  ]) {
    const before = `tables:\n  a:\n    source: s:a.csv\n${last}`;
    expect(insertTable(before, "b", { source: "s:b.csv", columns: new Map() })).toBe(
      `${before}  b:\n    source: s:b.csv\n`,
    );
  }
});

test("tables in braces are written anew, with their comments", () => {
  const after = insertTable("tables: { a: { source: s:a.csv } } # all\n", "b", NEW);
  expect(after).toContain("# all");
  expect(parse(after)).toMatchObject({ tables: { a: {}, b: { source: "s:new.csv" } } });
});

test("line ends of Windows stay, and references to the environment too", () => {
  const before = "members: [${USER}]\r\ntables:\r\n  a: { source: s:a.csv }\r\n";
  const after = insertTable(before, "b", { source: "s:${b}.csv", columns: new Map() });
  expect(after).toBe(`${before}  b:\r\n    source: s:$\${b}.csv\r\n`);
});

test("whatever the names are, YAML reads them back, and all that was there", () => {
  const text = fc.string({ unit: "grapheme", minLength: 1 }).filter((it) => !it.includes("${"));
  fc.assert(
    fc.property(text, text, fc.array(text), (name, source, headers) => {
      const columns = new Map(headers.map((header) => [header, { type: "text" }]));
      const before = "tables:\n  first: { source: s:a.csv } # one\nviews: {}\n";
      fc.pre(name !== "first");
      const after = insertTable(before, name, { source, columns });
      const { tables, views } = parse(after, { mapAsMap: true }).has("views")
        ? Object.fromEntries(parse(after, { mapAsMap: true }))
        : {};
      expect(views).toEqual(new Map());
      expect([...tables.keys()]).toEqual(["first", name]);
      expect(tables.get(name).get("source")).toBe(source);
      expect([...(tables.get(name).get("columns")?.keys() ?? [])]).toEqual([...columns.keys()]);
      expect(after.startsWith("tables:\n  first: { source: s:a.csv } # one\n")).toBe(true);
    }),
    { numRuns: 200 },
  );
});
