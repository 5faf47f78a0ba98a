/**
 * The column that says which object each row is from, where a table asks for it with `filename`. It
 * is the table's last, whatever the format, and holds the object's key.
 */
import type { TableDefinition } from "../catalog/catalog.ts";
import { quoteIdentifier, quoteLiteral } from "../core/identifier.ts";
import { PgError } from "../core/pg-error.ts";
import type { LoadedColumn, SourceFile } from "./load-context.ts";

export interface FileNameColumn {
  readonly column: LoadedColumn;
  /** For the column list of CREATE TABLE. */
  readonly definition: string;
  /** SQL for the value of all rows of one file. */
  value(file: Pick<SourceFile, "name">): string;
}

/** Undefined where the table asks for none. `columns` are all others, which may not have its name. */
export function fileNameColumn(
  table: TableDefinition,
  columns: readonly LoadedColumn[],
): FileNameColumn | undefined {
  const name = table.fileNameColumn;
  if (name === undefined) return undefined;
  const taken = columns.find((column) => column.name.toLowerCase() === name.toLowerCase());
  if (taken !== undefined) {
    throw new PgError(
      "duplicate_column",
      `column "${name}" of table "${table.name}" is in the file already, as "${taken.header}"`,
      { hint: "Give the column with the file's name another one, such as filename: source_file." },
    );
  }
  return {
    // No header stands for it, and no file has one that is undefined.
    column: { name, header: "" },
    definition: `${quoteIdentifier(name)} VARCHAR NOT NULL`,
    value: (file) => quoteLiteral(file.name),
  };
}
