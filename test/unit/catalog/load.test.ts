import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadCatalog } from "../../../src/catalog/load.ts";
import type { StoreName } from "../../../src/core/brands.ts";
import { marked } from "../settings/marked-text.ts";
import { contextOf, problemsOf, table } from "./catalog-files.ts";

describe("a mistake is told at its line and column", () => {
  test.each([
    ["«wrokspace: acme", 'unknown key "wrokspace"; did you mean "workspace"?'],
    ["members: [ana, «bub]", 'unknown user "bub"; did you mean "bob"?'],
    ["members:\n  - ana\n  - «carl", 'unknown user "carl"'],
    ["refresh: «10ms", 'refresh: expected an interval of at least 1s, or off, got "10ms"'],
    [
      "refresh: «never",
      'refresh: expected a duration such as 30s (ms, s, m, h, d), or off, got "never"',
    ],
    [
      "limits: { memory: «1KB }",
      'memory: expected a size from 16MB to 9007199254740991B, got "1KB"',
    ],
    ["limits: { threads: «0 }", "threads: expected a number of at least 1, got 0"],
    [
      "limits: { «statement_timout: 5s }",
      'unknown key "statement_timout"; did you mean "statement_timeout"?',
    ],
    ["upload: { store: «lak }", 'unknown store "lak"; did you mean "lake"?'],
    ['export: [«"exports/"]', 'expected STORE:PREFIX, got "exports/"'],
    ["export: [«lakes:exports/]", 'unknown store "lakes"; did you mean "lake"?'],
    ["tables:\n  «t: {}", 'missing key "source" in "t"'],
    ["tables:\n  t: «samples:t.csv", 't: expected a mapping (key: value), got "samples:t.csv"'],
    ["tables: { t: { source: «sample:t.csv } }", 'unknown store "sample"; did you mean "samples"?'],
    [
      "tables: { t: { source: «s3://acme-dat/t.csv } }",
      'no store has the bucket "acme-dat"; did you mean "acme-data"?',
    ],
    [
      "tables: { t: { source: «s3://shared/t.csv } }",
      'the stores "one" and "two" both have the bucket "shared"',
    ],
    ["tables: { t: { source: «t.csv } }", 'the source "t.csv" names no store'],
    ["tables: { t: { source: «https://h/t.csv } }", "sources with https:// are not supported"],
    [
      "tables: { t: { source: «samples:/etc/t.csv } }",
      'the source "samples:/etc/t.csv" leads out of its store',
    ],
    [
      "tables: { t: { source: «samples:a/../../t.csv } }",
      'the source "samples:a/../../t.csv" leads out of its store',
    ],
    [
      "tables: { t: { source: «lake:sales/, format: csv } }",
      'the source "lake:sales/" names a folder',
    ],
    [
      "tables: { t: { source: «s3://acme-data, format: csv } }",
      'the source "s3://acme-data" names no file',
    ],
    [
      "tables: { t: { source: «samples:t.csv?versionId=1 } }",
      'the source "samples:t.csv?versionId=1" names a version, but a folder keeps none',
    ],
    [
      'tables: { t: { source: «"lake:*.csv?versionId=1" } }',
      'the source "lake:*.csv?versionId=1" names a version of more than one object',
    ],
    [
      "tables: { t: { source: «samples:t.dat } }",
      'the extension of "samples:t.dat" tells no format',
    ],
    [
      "tables: { t: { source: «samples:t.xlsx.gz } }",
      'the extension of "samples:t.xlsx.gz" tells no format',
    ],
    [
      table("format: «xls"),
      'format: expected one of "csv", "tsv", "txt", "xlsx", "parquet", "json", "ndjson", got "xls"; did you mean "xlsx"?',
    ],
    [table('«xlsx: { sheet: "1" }'), "options of xlsx for a file of format csv"],
    [
      "tables: { t: { source: samples:t.xlsx, xlsx: { sheet: a, «sheets: all } } }",
      "sheets: all and sheet: contradict each other",
    ],
    [
      'tables: { t: { source: "samples:*.xlsx", xlsx: { «sheets: all } } }',
      "sheets: all needs one workbook, and the source is a pattern",
    ],
    [
      table("format: parquet\n    «csv: { skip: 1 }"),
      "options of csv for a file of format parquet",
    ],
    [
      table('format: json\n    json: { max_record_size: «"16" }'),
      'max_record_size: expected a size such as 512MB (B, KB, MB, GB, TB), got "16"',
    ],
    [
      "tables: { t: { source: samples:t.xlsx, «csv: {} } }",
      "options of csv for a file of format xlsx",
    ],
    [table('csv: { «delimeter: ";" }'), 'unknown key "delimeter"; did you mean "delimiter"?'],
    [table('csv: { header: «"yes" }'), 'header: expected true or false, got "yes"'],
    [table("csv: { null: [NA, «0] }"), "null: expected text, got 0"],
    [
      table("csv: { max_line_size: «big }"),
      'max_line_size: expected a size such as 512MB (B, KB, MB, GB, TB), got "big"',
    ],
    [
      table("columns: { a: { type: «varcar } }"),
      '"varcar" is not a type that a column can have; did you mean "varchar"?',
    ],
    [
      table("columns: { a: { type: «jsonb } }"),
      '"jsonb" is not a type that a column can have; did you mean "json"?',
    ],
    [
      table('columns: { a: { type: «"numeric(39)" } }'),
      'in the type "numeric(39)" a precision is from 1 to 38',
    ],
    [table('columns: { a: { type: «"text(5)" } }'), 'the type "text" takes nothing in parentheses'],
    [
      table("columns: { a: { name: «xmin } }"),
      'the column name "xmin" is one of PostgreSQL\'s system columns',
    ],
    [
      table("columns: { a: { name: x }, b: { name: «X } }"),
      'the columns "a" and "b" are both called "X" in SQL',
    ],
    [
      table("columns: { Order ID: {}, «order_id: {} }"),
      'the columns "Order ID" and "order_id" are both called "order_id" in SQL',
    ],
    [table("columns: { a: «bigint }"), 'a: expected a mapping (key: value), got "bigint"'],
    [
      table("on_bad_value: «ignore"),
      'on_bad_value: expected one of "reject", "fail", got "ignore"',
    ],
    [table("primary_key: [id, «id]"), 'the column "id" is named twice'],
    [table("primary_key: [«Order ID]"), 'no column can be called "Order ID" here'],
    [
      `${table("columns: { Kunde: { name: customer_id } }")}\n    primary_key: [«Kunde]`,
      'the column "Kunde" is called "customer_id" in SQL',
    ],
    [
      `${table("columns: { id: { hidden: true } }")}\n    primary_key: [«id]`,
      'the column "id" is hidden',
    ],
    [
      table("foreign_keys: [{ columns: [a], references: «u(id) }]"),
      'references an unknown table "u"',
    ],
    [
      table('foreign_keys: [{ columns: [a], references: «"t(id" }]'),
      'references: expected a table such as customers(id), got "t(id"',
    ],
    [
      table('foreign_keys: [{ columns: [a], references: «"t(id, x)" }]'),
      "number of referencing and referenced columns for foreign key disagree",
    ],
    [
      table("foreign_keys: [{ columns: [a], references: «t }]"),
      'the table "t" has no primary key to refer to',
    ],
    [
      `${table("refresh: 5s")}\n  «T:\n    source: samples:t.csv`,
      'the table "T" has the name of the table "t"',
    ],
    [
      `${table("refresh: 5s")}\nviews:\n  «public.t: { sql: SELECT 1 }`,
      'the view "public.t" has the name of the table "t"',
    ],
    ["tables:\n  «pg_x.t: { source: samples:t.csv }", 'the schema name "pg_x" is reserved'],
    [
      "tables:\n  «bucketgres.t: { source: samples:t.csv }",
      'the schema name "bucketgres" is reserved',
    ],
    ["tables:\n  «a.b.c: { source: samples:t.csv }", 'the name "a.b.c" has more than one dot'],
    [
      `tables:\n  «${"x".repeat(64)}: { source: samples:t.csv }`,
      `the name "${"x".repeat(64)}" is longer than 63 bytes`,
    ],
    ['views: { v: { sql: «" ; " } }', 'the view "v" has no SQL'],
    ["views:\n  «v: { description: x }", 'missing key "sql" in "v"'],
  ])("%j", (withMark, message) => {
    const { text, line, column } = marked(withMark);
    expect(problemsOf({ "acme.yaml": text })).toEqual([
      expect.objectContaining({ line, column, message }),
    ]);
  });

  test("the second of two files for one workspace, at its name", () => {
    const problems = problemsOf({ "a.yaml": "workspace: acme", "b.yml": "workspace: acme" });
    expect(problems).toEqual([
      expect.objectContaining({
        line: 1,
        column: 12,
        message: 'the workspace "acme" is in a.yaml already',
      }),
    ]);
    expect(problems[0]?.file).toMatch(/b\.yml$/);
  });
});

test("the problems of all files come at once, by file and line", () => {
  const problems = problemsOf({
    "b.yaml": "members: [carl]\nzzz: 1\ntables: { t: { source: nope:t.csv, xlsx: 5 } }",
    "a.yaml": "tables: [",
    "c.txt": "not: [ours",
    ".#b.yaml": "not: [ours",
  });
  const places = problems.map(({ file, line }) => [file.slice(-6), line]);
  expect(places).toEqual([
    ["a.yaml", 1],
    ["b.yaml", 1],
    ["b.yaml", 2],
    ["b.yaml", 3],
    ["b.yaml", 3],
  ]);
});

test("what has a problem of its own makes no others where it is named", () => {
  const yaml = `tables:
  customers: { soruce: samples:c.csv }
  orders:
    source: lake:o.csv
    foreign_keys: [{ columns: [customer_id], references: customers(id) }]
  items: { source: s3://elsewhere/i.csv }`;
  const stores = new Map([["samples" as StoreName, { type: "directory", path: "/d" } as const]]);
  const problems = problemsOf({ "a.yaml": yaml }, { stores });
  expect(problems.map(({ line, message }) => [line, message])).toEqual([
    [2, 'unknown key "soruce"; did you mean "source"?'],
  ]);
});

test("a catalog folder that cannot be read is a problem", () => {
  const loaded = loadCatalog(contextOf(join("/", "nowhere", "catalog")));
  expect(loaded).toMatchObject({ problems: [{ message: "the catalog folder cannot be read" }] });
});
