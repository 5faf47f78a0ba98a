/**
 * A CSV as a relation of DuckDB's SQL. DuckDB is told everything and finds out nothing: all columns
 * come as text, under the names `c0`, `c1` and so on, and what they mean is decided by us.
 */
import { quoteLiteral } from "../core/identifier.ts";
import type { CsvLayout } from "./csv-sniff.ts";

/** DuckDB wants at least one text that means NULL; where there is none, this stands in for it. */
const NEVER = "\u0001\u0002\u0003\u0004bucketgres\u0004\u0003\u0002\u0001";

/**
 * DuckDB reads in buffers, of which several are in memory for each thread. They have to hold the
 * longest record, so what a table allows is not given to DuckDB where the file needs less: 16 MB
 * for a record would make buffers of 256 MB.
 */
const BUFFER_BYTES = 32 * 1024 * 1024;
const RECORD_BYTES = 2 * 1024 * 1024;
const BUFFERED_RECORDS = 2;

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
  return readCsv(path, { ...layout, recordBytes }, [...columns, LINE_COLUMN, IS_SHORT_COLUMN], {
    header: false,
    skip: 0,
    longestBytes: Math.max(longestBytes + ADDED_BYTES, RECORD_BYTES),
  });
}

function readCsv(
  path: string,
  layout: CsvLayout,
  columns: readonly string[],
  start: { readonly header: boolean; readonly skip: number; readonly longestBytes: number },
): string {
  const { delimiter, quote, escape } = layout.dialect;
  const recordBytes = Math.min(layout.recordBytes, start.longestBytes);
  const nulls = layout.nulls.length === 0 ? [NEVER] : layout.nulls;
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
    buffer_size: String(Math.max(BUFFER_BYTES, BUFFERED_RECORDS * recordBytes)),
  };
  const list = Object.entries(options).map(([name, value]) => `${name} = ${value}`);
  return `read_csv(${[quoteLiteral(literalPath(path)), ...list].join(", ")})`;
}

/** DuckDB takes a path for a pattern. */
function literalPath(path: string): string {
  return path.replace(/[*?[]/g, "[$&]");
}
