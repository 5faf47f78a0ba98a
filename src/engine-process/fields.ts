import type { DescribedColumn } from "../duckdb/prepared-statement.ts";
import type { ResultColumn } from "../duckdb/row-stream.ts";
import { describeType } from "../pgtypes/duckdb-types.ts";
import type { FieldDescription } from "../protocol/field-description.ts";

/** The columns as RowDescription shows them; undefined while one of the types is open. */
export function fieldsOf(
  columns: readonly DescribedColumn[] | undefined,
): readonly FieldDescription[] | undefined {
  if (columns === undefined) return undefined;
  const fields: FieldDescription[] = [];
  for (const { name, type } of columns) {
    if (type === undefined) return undefined;
    fields.push(fieldOf({ name, type }));
  }
  return fields;
}

export function fieldOf({ name, type }: ResultColumn): FieldDescription {
  return { name, tableOid: 0, columnNumber: 0, ...describeType(type) };
}
