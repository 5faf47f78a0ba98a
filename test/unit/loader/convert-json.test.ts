import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { TableDefinition } from "../../../src/catalog/catalog.ts";
import { LIMITS } from "../../../src/core/limits.ts";
import type { JsonOptions } from "../../../src/formats/format.ts";
import { csvTable, type LoadedTable, type LoadSettings, loadFiles } from "./load-files.ts";

interface JsonSettings extends LoadSettings {
  readonly json?: JsonOptions;
}

function jsonTable(format: "json" | "ndjson", settings: JsonSettings): TableDefinition {
  return { ...csvTable("*.json", settings), options: { format, json: settings.json ?? {} } };
}

/** The file as `json`: an array of objects, or objects one after another. */
async function loadJson(
  files: string | Buffer | Readonly<Record<string, string>>,
  settings: JsonSettings = {},
): Promise<LoadedTable> {
  const named = typeof files === "string" || Buffer.isBuffer(files) ? { "a.json": files } : files;
  return await loadFiles(named, jsonTable("json", settings));
}

async function loadLines(text: string, settings: JsonSettings = {}): Promise<LoadedTable> {
  return await loadFiles({ "a.ndjson": text }, jsonTable("ndjson", settings));
}

test("an array of objects is a table: keys are columns, and a missing key is NULL", async () => {
  const table = await loadJson(`[
    { "Order ID": 1, "paid": true, "note": "a" },
    { "Order ID": 2, "note": null, "extra": "x" }
  ]`);
  expect(table.columns).toEqual([
    "order_id BIGINT",
    "paid BOOLEAN",
    "note VARCHAR",
    "extra VARCHAR",
  ]);
  expect(table.rows).toEqual([
    ["1", "true", "a", null],
    ["2", null, null, "x"],
  ]);
});

test("objects one after another are rows too, on one line or over several", async () => {
  const table = await loadJson('{"a":1}{"a":2}\n{\n"a"\n:\n3}\n');
  expect(table.rows).toEqual([["1"], ["2"], ["3"]]);
});

test("numbers are what is written, to the last digit", async () => {
  const table = await loadJson(
    `[{"big": 123456789012345678901234567890, "price": 1.10, "mass": 1.5e-7, "tiny": 0.12345678901234567890, "count": 9223372036854775807, "huge": 1e999, "zero": -0},
      {"big": 1, "price": 2, "mass": 2E3, "tiny": 1, "count": -1, "huge": 1, "zero": 1}]`,
  );
  expect(table.columns).toEqual([
    "big DECIMAL(38,0)",
    "price DECIMAL(18,2)",
    "mass DOUBLE",
    "tiny DECIMAL(38,20)",
    "count BIGINT",
    "huge VARCHAR",
    "zero DOUBLE",
  ]);
  expect(table.rows[0]).toEqual([
    "123456789012345678901234567890",
    "1.10",
    "1.5e-07",
    "0.12345678901234567890",
    "9223372036854775807",
    "1e999",
    "-0.0",
  ]);
  expect(table.warnings).toEqual(['column "huge" is text: no type holds all its numbers exactly']);
});

test("strings stay text, whatever they look like, except ISO dates and times", async () => {
  const table = await loadJson(
    `[{"zip": "00123", "n": "12", "b": "true", "day": "2024-02-29", "at": "2024-02-29T12:00:00.5", "utc": "2024-02-29T12:00:00Z", "some": "2024-02-29", "none": "2024-02-30", "empty": "2024-02-29"},
      {"zip": "1", "n": "13", "b": "false", "day": null, "at": "2024-03-01 00:00:00", "utc": "2024-02-29T12:00:00+02:00", "some": "soon", "none": "2024-02-28", "empty": ""}]`,
  );
  expect(table.columns).toEqual([
    "zip VARCHAR",
    "n VARCHAR",
    "b VARCHAR",
    "day DATE",
    "at TIMESTAMP",
    "utc TIMESTAMP WITH TIME ZONE",
    "some VARCHAR",
    "none VARCHAR",
    "empty VARCHAR",
  ]);
  expect(table.rows[1]).toEqual([
    "1",
    "13",
    "false",
    null,
    "2024-03-01 00:00:00",
    "2024-02-29 10:00:00+00",
    "soon",
    "2024-02-28",
    "",
  ]);
});

test("objects and arrays are json, as they are written", async () => {
  const table = await loadJson(
    '[{"tags":["a", 1.10, null],"at":{"x": 12345678901234567890.0,\n"y":[]}},{"tags":[],"at":null}]',
  );
  expect(table.columns).toEqual(["tags JSON", "at JSON"]);
  expect(table.rows).toEqual([
    ['["a", 1.10, null]', '{"x": 12345678901234567890.0, "y":[]}'],
    ["[]", null],
  ]);
  expect(table.warnings).toEqual([]);
});

test("mixed columns are text, or json where some values are nested, with a warning", async () => {
  const table = await loadJson(
    '[{"a":1,"b":"x\\"y"},{"a":"\\u00fc","b":[1]},{"a":true,"b":2.50},{"a":1.0,"b":null}]',
  );
  expect(table.columns).toEqual(["a VARCHAR", "b JSON"]);
  expect(table.rows).toEqual([
    ["1", '"x\\"y"'],
    ["ü", "[1]"],
    ["true", "2.50"],
    ["1.0", null],
  ]);
  expect(table.warnings).toEqual([
    'column "a" holds values of several types: it is text',
    'column "b" holds objects or arrays and also plain values: it is json',
  ]);
});

test("a declared type is read as in a CSV, and what does not fit is listed by its record", async () => {
  const table = await loadJson(
    '[{"n":"12.50","id":1,"t":{"a":1},"s":3,"h":1},{"n":"x","id":2,"t":"plain","s":"","h":2}]',
    {
      columns: {
        n: { type: "numeric(10,2)" },
        id: { type: "text", name: "key" },
        t: { type: "json" },
        s: { type: "integer" },
        h: { hidden: true },
      },
    },
  );
  expect(table.columns).toEqual(["n DECIMAL(10,2)", "key VARCHAR", "t JSON", "s INTEGER"]);
  expect(table.rows).toEqual([
    ["12.50", "1", '{"a":1}', "3"],
    [null, "2", '"plain"', null],
  ]);
  expect(table.rejects.toSorted()).toEqual([
    "a.json:2 n x: does not fit type numeric(10,2)",
    "a.json:2 s : does not fit type integer",
  ]);
});

test("on_bad_value: fail names the record and the column", async () => {
  const settings = { columns: { n: { type: "integer" } }, onBadValue: "fail" } as const;
  await expect(loadJson('[{"n":1},{"n":"x"}]', settings)).rejects.toMatchObject({
    message: 'invalid input syntax for type integer: "x" (file "a.json", row 2, column "n")',
  });
});

test("of a key that is there twice the last value counts, and the other one is listed", async () => {
  const table = await loadJson('[{"a":1,"\\u0061":2}]');
  expect(table.rows).toEqual([["2"]]);
  expect(table.rejects).toEqual([
    "a.json:1 a 1: the object has this key more than once: the last value counts",
  ]);
});

test("an escape that no text can hold makes the value NULL, and is listed", async () => {
  const table = await loadJson('[{"a":"x\\u0000","b":["\\ud800"],"c":"\\ud83d\\ude00"}]');
  expect(table.rows).toEqual([[null, null, "😀"]]);
  expect(table.rejects).toHaveLength(2);
});

test("a line that is no record is listed, and the others are rows", async () => {
  const table = await loadLines('{"a":1}\n\n{"a":2\n[3]\r\n{"a":4}{"a":5}\n{"a":NaN}\n{"a":6}');
  expect(table.rows).toEqual([["1"], ["6"]]);
  expect(table.rejects).toEqual([
    'a.ndjson:3 null {"a":2: the line is no record: the line ends in the middle of the object, at character 7',
    'a.ndjson:4 null [3]\r: the line is no record: expected an object for every row, but found "[", at character 1',
    'a.ndjson:5 null {"a":4}{"a":5}: the line is no record: expected the end of the line, but found "{", at character 8',
    'a.ndjson:6 null {"a":NaN}: the line is no record: expected a value, but found "N", at character 6',
  ]);
  await expect(loadLines('{"a":1}\n{"a":\n', { onBadValue: "fail" })).rejects.toMatchObject({
    message: expect.stringContaining('bad value in line 2 of file "a.ndjson"'),
  });
});

test.each([
  ['[{"a":1},\n {"a":}]', 'expected a value, but found "}", in line 2, character 7'],
  ['[{"a":1},\n {"a":1}', "the array is not closed, in line 2, character 9"],
  ['[{"a":1},\n {"a":"x', "the file ends in the middle of it, in line 2, character 9"],
  ['[{"a":1},]', 'expected an object for every row, but found "]", in line 1, character 10'],
  ["[1, 2]", 'expected an object for every row, but found "1", in line 1, character 2'],
  ["[\n[1]]", 'expected an object for every row, but found "[", in line 2, character 1'],
  ['{"a":1}\n"x"', 'expected an object for every row, but found "\\"", in line 2, character 1'],
  ['[{"a":01}]', "a number with a leading zero, in line 1, character 7"],
  ['[{"ä":"\t"}]', "a control character in a string, in line 1, character 8"],
  ['[{"a":"\\x"}]', "an unknown escape in a string, in line 1, character 9"],
  ['[{"a":tru}]', 'expected "true", but found "}", in line 1, character 10'],
  ["[{'a':1}]", 'expected a key in double quotes, but found "\'", in line 1, character 3'],
  ['[{"a":1}] x', 'expected the end of the file, but found "x", in line 1, character 11'],
  [`[{"a":${"[".repeat(300)}`, "more than 256 levels of nesting, in line 1, character 263"],
])("%s is no table: %s", async (text, message) => {
  await expect(loadJson(text)).rejects.toMatchObject({
    sqlstate: "22P04",
    message: `file "a.json" cannot be read as JSON: ${message}`,
    hint: expect.any(String),
  });
});

test.each(["", "[]", "[{}]", "  \n"])("%j holds no records", async (text) => {
  await expect(loadJson(text)).rejects.toMatchObject({
    message: 'file "a.json" holds no records',
  });
});

test("an array as ndjson, and ndjson with nothing but damage, say what to do", async () => {
  await expect(loadLines('[{"a":1}]')).rejects.toMatchObject({
    hint: expect.stringContaining("format: json"),
  });
  await expect(loadLines('{\n"a":1\n}')).rejects.toMatchObject({
    message: expect.stringContaining('bad value in line 1 of file "a.ndjson"'),
  });
});

test("a gzip file that was cut off is an error, and a whole one is read", async () => {
  const packed = gzipSync('[{"a":1}]');
  expect((await loadJson(packed)).rows).toEqual([["1"]]);
  await expect(loadJson(packed.subarray(0, -6))).rejects.toMatchObject({
    message: 'file "a.json" is corrupt gzip data: it ends too early',
  });
});

test("bytes that are no UTF-8 are an error with their line, and a byte order mark is none", async () => {
  await expect(loadJson(Buffer.from('[{"a":\n"\xff"}]', "latin1"))).rejects.toMatchObject({
    message: expect.stringContaining("0xff in line 2"),
    hint: expect.stringContaining("UTF-8"),
  });
  expect((await loadJson('\ufeff[{}, {"a":1}]')).rows).toEqual([[null], ["1"]]);
});

test("several files are one table by their keys, and agree on types", async () => {
  const table = await loadJson({
    "1.json": '[{"a":1,"b":"2024-01-01"}]',
    "2.json": '{"c":true,"a":2.5}',
    "3.json": "[]",
    "4.json": '{"b":"x"}',
  });
  expect(table.columns).toEqual(["a DECIMAL(18,1)", "b VARCHAR", "c BOOLEAN"]);
  expect(table.rows).toEqual([
    ["1.0", "2024-01-01", null],
    ["2.5", null, "true"],
    [null, "x", null],
  ]);
  expect(table.warnings).toEqual(['file "3.json" holds no records']);
});

test("a record larger than max_record_size is an error that names its place", async () => {
  const text = `[{"a":1},\n{"a":"${"x".repeat(3_000_000)}"}]`;
  await expect(loadJson(text, { json: { max_record_size: "1MB" } })).rejects.toMatchObject({
    sqlstate: "54000",
    message: expect.stringContaining("the one in line 2, character 1"),
  });
  expect((await loadJson(text)).rowCount).toBe(2);
});

test("records with thousands of different keys are refused", async () => {
  const records = Array.from({ length: LIMITS.csv.columns + 1 }, (_, index) => `{"key${index}":1}`);
  await expect(loadJson(`[${records.join(",")}]`)).rejects.toMatchObject({ sqlstate: "54011" });
});

test("whatever JSON.stringify writes comes back, pretty or not", async () => {
  const value = fc.jsonValue({ maxDepth: 3, noUnicodeString: false });
  const rows = fc.array(fc.record({ id: fc.nat(), v: value }), { minLength: 1, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(rows, fc.constantFrom(undefined, "\t"), async (records, indent) => {
      // These escapes are refused, which another test says.
      const written = JSON.stringify(records, undefined, indent);
      const text = written.replaceAll(/\\u(?:0000|d[89a-f]..)/gi, "?");
      const { rows } = await loadJson(text, { columns: { v: { type: "json" } } });
      expect(rows.map(([, v]) => (v === null ? null : JSON.parse(v ?? "")))).toEqual(
        (JSON.parse(text) as { v: unknown }[]).map(({ v }) => v),
      );
    }),
    { numRuns: 20 },
  );
});

test("records that cross the pieces in which a file is read are whole", async () => {
  const records = Array.from({ length: 30_000 }, (_, id) => ({
    id,
    t: "é".repeat(id % 60),
    n: [id],
  }));
  const table = await loadJson(JSON.stringify(records, undefined, 1));
  expect(table.rejectedCount).toBe(0);
  expect(table.rows.map(([id]) => Number(id))).toEqual(records.map(({ id }) => id));
  expect(table.rows.map(([, t]) => t)).toEqual(records.map(({ t }) => t));
});
