/**
 * The shape of a CSV: delimiter, header and where the records begin, from the catalog's options and
 * else from the file's beginning. DuckDB's own sniffer is never asked: it changes the quote
 * character, skips lines and merges columns without a word.
 */
import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";
import { parseSize } from "../core/units.ts";
import { type CsvDialect, RecordScanner } from "./csv-records.ts";
import type { CsvOptions } from "./format.ts";

export interface CsvLayout {
  readonly dialect: CsvDialect;
  /** Lines that begin with it are left out; empty where there are none. */
  readonly comment: string;
  /** Unquoted texts that mean NULL. */
  readonly nulls: readonly string[];
  /** Lines before the header, or before the first record where there is no header. */
  readonly skipLines: number;
  /**
   * Line breaks of several kinds before the first row, be it in a field of the header: DuckDB would
   * take what it skips for the whole file.
   */
  readonly isUneven: boolean;
  readonly hasHeader: boolean;
  /** One per column; all empty where there is no header. */
  readonly headers: readonly string[];
  readonly skipFooter: number;
  /** The longest record. */
  readonly recordBytes: number;
  /** Sentences on what looks strange, but may be meant. */
  readonly warnings: readonly string[];
}

export interface SniffRequest {
  readonly options: CsvOptions;
  readonly format: "csv" | "tsv" | "txt";
  /** What messages call the file. */
  readonly file: string;
  /** The first bytes of the text, without a byte order mark. */
  readonly head: Buffer;
  /** Whether `head` is all of it. */
  readonly isWhole: boolean;
}

const DELIMITERS = [",", ";", "\t", "|"] as const;
const RECORDS_LOOKED_AT = 100;
/** A width that fewer rows have is an exception, not a column of the table. */
const USUAL_SHARE = 0.05;

export function sniffCsv(request: SniffRequest): CsvLayout {
  const { options, file } = request;
  const hasHeader = options.header ?? true;
  const start = firstRecord(request);
  if (start === undefined) throw emptyFile(file);
  const extension = request.format === "tsv" ? "\t" : undefined;
  const delimiter =
    options.delimiter ?? start.delimiter ?? extension ?? chooseDelimiter(request, start.offset);
  const records = headRecords(request, delimiter, start.offset);
  const [first] = records;
  if (first === undefined) throw unreadableHeader(file);
  if (hasHeader) refuseNarrowHeader(first.length, records.slice(1), start.line, file);
  const columns = hasHeader ? first.length : usualWidth(records);
  if (columns > LIMITS.csv.columns) throw tooManyColumns(file, columns);
  return {
    dialect: dialectOf(options, delimiter),
    comment: options.comment ?? "",
    nulls: options.null ?? [""],
    skipLines: start.line,
    isUneven: hasSeveralBreaks(headThroughFirst(request, delimiter, start.offset)),
    hasHeader,
    headers: Array.from({ length: columns }, (_, column) =>
      hasHeader ? (first[column] ?? "").trim() : "",
    ),
    skipFooter: options.skip_footer ?? 0,
    recordBytes: recordBytes(options.max_line_size),
    warnings:
      options.header === undefined && looksLikeData(first)
        ? [
            `the header of file "${file}" in line ${start.line + 1} looks like a row of data: if it is, set csv: { header: false }`,
          ]
        : [],
  };
}

function dialectOf(options: CsvOptions, delimiter: string): CsvDialect {
  const quote = options.quote ?? '"';
  return { delimiter, quote, escape: options.escape ?? quote };
}

interface FirstRecord {
  readonly offset: number;
  /** Lines before it. */
  readonly line: number;
  /** From a line such as `sep=;`, which Excel writes and understands. */
  readonly delimiter: string | undefined;
}

/** Behind the lines that are to be skipped, blank lines and comments. */
function firstRecord({ head, options }: SniffRequest): FirstRecord | undefined {
  const { comment = "", skip = 0 } = options;
  let delimiter: string | undefined;
  for (let offset = 0, line = 0; offset < head.length; line += 1) {
    const { end, next } = lineAt(head, offset);
    const text = head.toString("utf8", offset, end);
    const announced = line === 0 ? /^sep=(.)$/i.exec(text)?.[1] : undefined;
    const isComment = comment !== "" && text.startsWith(comment);
    delimiter ??= announced;
    if (line >= skip && announced === undefined && !isComment && text.trim() !== "") {
      return { offset, line, delimiter };
    }
    offset = next;
  }
  return undefined;
}

function lineAt(head: Buffer, offset: number): { end: number; next: number } {
  let end = offset;
  while (end < head.length && head[end] !== 0x0a && head[end] !== 0x0d) end += 1;
  const isPair = head[end] === 0x0d && head[end + 1] === 0x0a;
  return { end, next: end + (isPair ? 2 : 1) };
}

/** Everything up to the end of the first record, with what ends it. */
function headThroughFirst(
  { head, options, isWhole }: SniffRequest,
  delimiter: string,
  from: number,
): Buffer {
  const scanner = new RecordScanner(dialectOf(options, delimiter));
  return scanner.scan(head, from, isWhole) === "record" ? head.subarray(0, scanner.next) : head;
}

function hasSeveralBreaks(bytes: Buffer): boolean {
  const kinds = new Set<"\r\n" | "\n" | "\r">();
  for (let at = 0; at < bytes.length; at += 1) {
    if (bytes[at] === 0x0a) kinds.add("\n");
    if (bytes[at] !== 0x0d) continue;
    const isPair = bytes[at + 1] === 0x0a;
    kinds.add(isPair ? "\r\n" : "\r");
    if (isPair) at += 1;
  }
  return kinds.size > 1;
}

/** The first whole records, as far as they can be read with this delimiter. */
function headRecords(request: SniffRequest, delimiter: string, from: number): string[][] {
  const { head, options } = request;
  const { comment = "" } = options;
  const scanner = new RecordScanner(dialectOf(options, delimiter));
  const records: string[][] = [];
  let at = from;
  while (at < head.length && records.length < RECORDS_LOOKED_AT) {
    if (scanner.scan(head, at, request.isWhole) !== "record") break;
    const isBlank = scanner.end === at;
    const isComment = comment !== "" && head.toString("utf8", at, at + comment.length) === comment;
    if (!isBlank && !isComment) records.push(scanner.fields(head, at));
    at = scanner.next;
  }
  return records;
}

/**
 * The delimiter that gives most records the same number of fields as the first; where the first is
 * a title that none of them divides, the one that gives most records the width of the last.
 */
function chooseDelimiter(request: SniffRequest, from: number): string {
  const widths = DELIMITERS.map((delimiter) => ({
    delimiter,
    widths: headRecords(request, delimiter, from).map((record) => record.length),
  }));
  return mostAlike(widths, 0) ?? mostAlike(widths, -1) ?? ",";
}

function mostAlike(
  candidates: readonly { readonly delimiter: string; readonly widths: readonly number[] }[],
  model: 0 | -1,
): string | undefined {
  let best = { delimiter: "", share: 0, width: 1 };
  for (const { delimiter, widths } of candidates) {
    const width = widths.at(model) ?? 0;
    if (width < 2) continue;
    const share = widths.filter((it) => it === width).length / widths.length;
    if (share > best.share || (share === best.share && width > best.width)) {
      best = { delimiter, share, width };
    }
  }
  return best.share > 0 ? best.delimiter : undefined;
}

/** Numbers, dates and truth values; a lone year is a header, too. */
const DATA =
  /^(?:[-+]?[\d.,]*\d[\d.,]*(?:e[-+]?\d+)?|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[ T][\d:.]+.*)?|true|false)$/i;
const YEAR = /^(?:19|20)\d\d$/;

function looksLikeData(cells: readonly string[]): boolean {
  const trimmed = cells.map((cell) => cell.trim()).filter((cell) => cell !== "");
  if (trimmed.every((cell) => YEAR.test(cell))) return false;
  return trimmed.every((cell) => DATA.test(cell));
}

function usualWidth(records: readonly (readonly string[])[]): number {
  const widths = records.map((record) => record.length);
  const isUsual = (width: number): boolean =>
    widths.filter((it) => it >= width).length >= widths.length * USUAL_SHARE;
  return Math.max(1, ...widths.filter(isUsual));
}

/** A title above the table would become its only column, and every row would be rejected. */
function refuseNarrowHeader(
  columns: number,
  rows: readonly (readonly string[])[],
  headerLine: number,
  file: string,
): void {
  // A delimiter at the end of every row is common, and harmless.
  const wider = rows.filter((row) => row.slice(columns).some((text) => text !== ""));
  if (wider.length < 2 || wider.length * 2 <= rows.length) return;
  const fields = wider.at(-1)?.length ?? 0;
  throw new PgError(
    "bad_copy_file_format",
    `the header in line ${headerLine + 1} of file "${file}" has fewer columns (${columns}) than most rows have fields (${fields})`,
    {
      hint: "If lines stand above the header, set csv: { skip: N }. If the header is incomplete, set csv: { header: false, skip: N } and name the columns.",
    },
  );
}

function emptyFile(file: string): PgError {
  return new PgError("bad_copy_file_format", `file "${file}" is empty: it has no header line`, {
    hint: "Upload a file with a header, or lower csv: { skip } if it skips too many lines.",
  });
}

function unreadableHeader(file: string): PgError {
  return new PgError(
    "bad_copy_file_format",
    `the header of file "${file}" cannot be read: a quote in it is not closed, or text follows one`,
    { hint: 'Set csv: { quote } to the file\'s quote character, or to "" if it has none.' },
  );
}

function tooManyColumns(file: string, columns: number): PgError {
  return new PgError(
    "too_many_columns",
    `file "${file}" has ${columns} columns, but tables can have at most ${LIMITS.csv.columns} columns`,
    { hint: "If the delimiter was found out wrongly, set csv: { delimiter }." },
  );
}

function recordBytes(setting: string | undefined): number {
  if (setting === undefined) return LIMITS.csv.recordBytes;
  const size = parseSize(setting);
  if (!size.ok) {
    throw new PgError("invalid_parameter_value", `invalid max_line_size "${setting}"`, {
      hint: `Write ${size.expected}.`,
    });
  }
  return Math.min(size.value, LIMITS.csv.recordBytesMax);
}
