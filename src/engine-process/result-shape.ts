import { PgError } from "../core/pg-error.ts";
import type { ResultColumn } from "../duckdb/row-stream.ts";
import { type ExecuteRequest, formatOf } from "../engine/engine.ts";
import type { FieldDescription, FormatCode } from "../protocol/field-description.ts";
import type { RowFormat } from "./row-encoder.ts";

/** The client reads values by the types it was told: other ones must not reach it. */
export function checkExpected(
  fields: readonly FieldDescription[],
  expected: readonly number[] | undefined,
): void {
  if (expected === undefined) return;
  const same =
    expected.length === fields.length &&
    fields.every((field, index) => field.typeOid === expected[index]);
  if (!same) {
    throw new PgError("feature_not_supported", "cached plan must not change result type", {
      hint: "The table has changed since the statement was prepared; prepare it again.",
    });
  }
}

export function sameFormats(
  columns: readonly ResultColumn[],
  a: readonly FormatCode[],
  b: readonly FormatCode[],
): boolean {
  return a === b || columns.every((_, index) => formatOf(a, index) === formatOf(b, index));
}

/** How the rows of a result are written for its request. */
export function rowFormat(
  { output }: ExecuteRequest,
  columns: readonly ResultColumn[],
  formats: readonly FormatCode[],
): RowFormat {
  if (output.kind !== "copy") {
    return { kind: "data-row", formats: columns.map((_, index) => formatOf(formats, index)) };
  }
  const { format, delimiter, nullText, quote, escape, forceQuote } = output.options;
  switch (format) {
    case "binary":
      return { kind: "copy-binary" };
    case "text":
      return { kind: "copy-text", delimiter, nullText };
    case "csv":
      return {
        kind: "copy-csv",
        delimiter,
        nullText,
        quote,
        escape,
        forceQuote: columns.map(({ name }) => forceQuote === "all" || forceQuote.includes(name)),
      };
  }
}
