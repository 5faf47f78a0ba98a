import type { RowFormat } from "../../../src/engine-process/row-encoder.ts";

/** A query that both engines understand, and a way to copy it. */
export interface CopyCase {
  readonly name: string;
  readonly sql: string;
  /** PostgreSQL's COPY options. */
  readonly options: string;
  readonly format: Exclude<RowFormat, { kind: "data-row" } | { kind: "copy-binary" }>;
  /** The header's columns, where one is asked for. */
  readonly header?: readonly string[];
}

const MIXED = `SELECT * FROM (VALUES
  (1, 'plain', DATE '2024-01-05', CAST(-1.50 AS DECIMAL(5,2)), true),
  (2, 'comma, quote" and ''apostrophe''', NULL, CAST(0 AS DECIMAL(5,2)), false),
  (3, '', DATE '1999-12-31', NULL, NULL),
  (NULL, NULL, NULL, NULL, NULL),
  (4, 'NULL', DATE '2024-01-05', CAST(7 AS DECIMAL(5,2)), true),
  (-5, '\\.', DATE '2024-01-05', CAST(1 AS DECIMAL(5,2)), true),
  (6, 'back\\slash | pipe ; semi 0-9', DATE '2024-01-05', CAST(1 AS DECIMAL(5,2)), true),
  (7, 'two
lines', DATE '2024-01-05', CAST(1 AS DECIMAL(5,2)), true)) AS v(id, note, day, amount, ok)`;

const ONE_TEXT = `SELECT * FROM (VALUES ('\\.'), (''), ('a'), (NULL), ('\\.x'), ('"')) AS v(note)`;

const csv = (changes: Partial<Extract<RowFormat, { kind: "copy-csv" }>> = {}) => ({
  kind: "copy-csv" as const,
  delimiter: ",",
  nullText: "",
  quote: '"',
  escape: '"',
  forceQuote: [],
  ...changes,
});
const text = (changes: Partial<Extract<RowFormat, { kind: "copy-text" }>> = {}) => ({
  kind: "copy-text" as const,
  delimiter: "\t",
  nullText: "\\N",
  ...changes,
});

export const COPY_CASES: readonly CopyCase[] = [
  { name: "csv", sql: MIXED, options: "FORMAT csv", format: csv() },
  {
    name: "csv with a header",
    sql: MIXED,
    options: "FORMAT csv, HEADER",
    format: csv(),
    header: ["id", "note", "day", "amount", "ok"],
  },
  {
    name: "csv with a header of odd names",
    sql: 'SELECT 1 AS "a,b", 2 AS "q""x", 3 AS " plain "',
    options: "FORMAT csv, HEADER",
    format: csv(),
    header: ["a,b", 'q"x', " plain "],
  },
  { name: "csv of one column", sql: ONE_TEXT, options: "FORMAT csv", format: csv() },
  {
    name: "csv with NULL as a word",
    sql: MIXED,
    options: "FORMAT csv, NULL 'NULL'",
    format: csv({ nullText: "NULL" }),
  },
  {
    name: "csv with NULL as a number",
    sql: MIXED,
    options: "FORMAT csv, NULL '4'",
    format: csv({ nullText: "4" }),
  },
  {
    name: "csv with semicolons and apostrophes",
    sql: MIXED,
    options: "FORMAT csv, DELIMITER ';', QUOTE ''''",
    format: csv({ delimiter: ";", quote: "'", escape: "'" }),
  },
  {
    name: "csv with an escape of its own",
    sql: MIXED,
    options: "FORMAT csv, ESCAPE '\\'",
    format: csv({ escape: "\\" }),
  },
  {
    name: "csv with a delimiter that dates have",
    sql: MIXED,
    options: "FORMAT csv, DELIMITER '-'",
    format: csv({ delimiter: "-" }),
  },
  {
    name: "csv with a digit as quote",
    sql: MIXED,
    options: "FORMAT csv, QUOTE '1', ESCAPE '5'",
    format: csv({ quote: "1", escape: "5" }),
  },
  {
    name: "csv with two columns always quoted",
    sql: MIXED,
    options: "FORMAT csv, FORCE_QUOTE (id, note)",
    format: csv({ forceQuote: [true, true, false, false, false] }),
  },
  {
    name: "csv with all columns always quoted",
    sql: MIXED,
    options: "FORMAT csv, FORCE_QUOTE *",
    format: csv({ forceQuote: [true, true, true, true, true] }),
  },
  { name: "text", sql: MIXED, options: "FORMAT text", format: text() },
  { name: "text of one column", sql: ONE_TEXT, options: "FORMAT text", format: text() },
  {
    name: "text with a header of odd names",
    sql: 'SELECT 1 AS "a\\b", 2 AS "tab\there", 3 AS "plain"',
    options: "FORMAT text, HEADER",
    format: text(),
    header: ["a\\b", "tab\there", "plain"],
  },
  {
    name: "text with pipes and NULL as nothing",
    sql: MIXED,
    options: "FORMAT text, DELIMITER '|', NULL ''",
    format: text({ delimiter: "|", nullText: "" }),
  },
  {
    name: "text with a delimiter that dates have",
    sql: MIXED,
    options: "FORMAT text, DELIMITER '-'",
    format: text({ delimiter: "-" }),
  },
];
