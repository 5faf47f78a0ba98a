/** Rows of a CSV that have more or fewer fields than the table has columns, as rejects and as an error. */
import { LIMITS } from "../core/limits.ts";
import { PgError } from "../core/pg-error.ts";
import type { RaggedRecord } from "../formats/csv-repair.ts";
import type { CsvFile } from "./csv-file.ts";
import type { Reject } from "./rejects.ts";

export interface RaggedReject extends Reject {
  /** It has too few fields; else too many. */
  readonly isShort: boolean;
}

/** `nameAt` gives the SQL name of the column at a place of the header. */
export function raggedRejects(
  file: CsvFile,
  records: readonly RaggedRecord[],
  nameAt: (place: number) => string | null,
): RaggedReject[] {
  const { headers } = file.layout;
  return records.map(({ line, fields, text }) => {
    const isShort = fields < headers.length;
    const reason = `the row has ${fields} field${fields === 1 ? "" : "s"}, the table ${headers.length} columns`;
    return {
      file: file.name,
      rowNumber: line,
      columnName: isShort ? nameAt(fields) : null,
      value: text,
      reason: isShort ? `${reason}: the missing ones are NULL` : `${reason}: it is left out`,
      isShort,
    };
  });
}

/** For a table that does without rejects. */
export function raggedError({
  file,
  rowNumber,
  columnName,
  value,
  isShort,
}: RaggedReject): PgError {
  const what = isShort
    ? `missing data for column "${columnName}"`
    : "extra data after last expected column";
  const shown = value.slice(0, LIMITS.csv.messageValueCharacters);
  return new PgError(
    "bad_copy_file_format",
    `${what} in line ${rowNumber} of file "${file}": ${shown}`,
    { hint: "Correct the line, or set on_bad_value: reject." },
  );
}
