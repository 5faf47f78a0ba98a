/**
 * A CSV as a relation of DuckDB's SQL. DuckDB is told everything and finds out nothing: all columns
 * come as text, under the names `c0`, `c1` and so on, and what they mean is decided by us.
 */
import { quoteLiteral } from "../core/identifier.ts";
import type { CsvLayout } from "./csv-sniff.ts";

/** DuckDB wants at least one text that means NULL; where there is none, this stands in for it. */
const NEVER = "\u{10fffe}never\u{10fffe}";

/**
 * DuckDB reads in buffers, of which several are in memory for each thread. They have to hold the
 * longest record, so what a table allows is not given to DuckDB where the file needs less: 16 MB
 * for a record would make buffers of 256 MB.
 */
const BUFFER_BYTES = 32 * 1024 * 1024;
const RECORD_BYTES = 2 * 1024 * 1024;
const BUFFERED_RECORDS = 2;

/** Stands in a repaired file for a field that the record lacks: no text of a user's is NULL by it. */
export const MISSING_FIELD = "\u{10fffe}missing\u{10fffe}";

/** Room for what a repair adds to a record: fields that it lacks, and its line. */
const ADDED_BYTES = 1024 * 1024;

/** The name of a column of the relation. */
export function csvColumn(index: number): string {
  return `c${index}`;
}

/** The column of a repaired file that holds each record's line in the original. */
export const LINE_COLUMN = "line";
/** The column of a repaired file that says which records lack fields. */
export const IS_SHORT_COLUMN = "is_short";

/**
 * `read_csv(…)` for a file of this layout. Any record that does not fit it is an error, and so is one
 * that is much longer than `longestBytes`.
 */
export function csvRelation(path: string, layout: CsvLayout, longestBytes: number): string {
  return readCsv(
    path,
    layout,
    layout.headers.map((_header, index) => csvColumn(index)),
    {
      header: layout.hasHeader,
      skip: layout.skipLines,
      longestBytes: Math.max(longestBytes, RECORD_BYTES),
    },
  );
}

/** The same for a file that `repairCsv` wrote: no header, and two more columns. */
export function repairedRelation(path: string, layout: CsvLayout, longestBytes: number): string {
  const columns = layout.headers.map((_header, index) => csvColumn(index));
  const recordBytes = layout.recordBytes + ADDED_BYTES;
  const nulls = [...layout.nulls, MISSING_FIELD];
  const repaired = { ...layout, recordBytes, nulls };
  return readCsv(path, repaired, [...columns, LINE_COLUMN, IS_SHORT_COLUMN], {
    header: false,
    skip: 0,
    longestBytes: Math.max(longestBytes + ADDED_BYTES, RECORD_BYTES),
    // Records end so there; a break in the first of their fields may be another.
    newLine: "\\n",
  });
}

function readCsv(
  path: string,
  layout: CsvLayout,
  columns: readonly string[],
  start: {
    readonly header: boolean;
    readonly skip: number;
    readonly longestBytes: number;
    readonly newLine?: string;
  },
): string {
  const { delimiter, quote, escape } = layout.dialect;
  const recordBytes = Math.min(layout.recordBytes, start.longestBytes);
  // No field without quotes can hold these, and DuckDB would refuse the text for it.
  const marks = [delimiter, quote, escape].filter((mark) => mark !== "");
  const possible = layout.nulls.filter((text) => !marks.some((mark) => text.includes(mark)));
  const nulls = possible.length === 0 ? [NEVER] : possible;
  const options = {
    auto_detect: "false",
    columns: `{${columns.map((name) => `${quoteLiteral(name)}: 'VARCHAR'`).join(", ")}}`,
    header: String(start.header),
    skip: String(start.skip),
    delim: quoteLiteral(delimiter),
    quote: quoteLiteral(quote),
    escape: quoteLiteral(quote === "" ? "" : escape),
    comment: "''",
    nullstr: `[${nulls.map(quoteLiteral).join(", ")}]`,
    allow_quoted_nulls: "false",
    strict_mode: "true",
    compression: "'none'",
    encoding: "'utf-8'",
    max_line_size: String(recordBytes),
    ...(start.newLine !== undefined && { new_line: quoteLiteral(start.newLine) }),
    buffer_size: String(Math.max(BUFFER_BYTES, BUFFERED_RECORDS * recordBytes)),
  };
  const list = Object.entries(options).map(([name, value]) => `${name} = ${value}`);
  return `read_csv(${[quoteLiteral(literalPath(path)), ...list].join(", ")})`;
}

/** DuckDB takes a path for a pattern. */
function literalPath(path: string): string {
  return path.replace(/[*?[]/g, "[$&]");
}
