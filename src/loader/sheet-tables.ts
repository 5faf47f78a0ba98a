import type { TableDefinition } from "../catalog/catalog.ts";
import { normalizeName, truncateName } from "../core/sql-names.ts";

/** Room for what tells two tables of one name apart. */
const SUFFIX_BYTES = 5;

/**
 * The tables that a workbook's sheets make, where each is to be one: `budget_2024` of the sheet
 * `2024` of `budget`. A name that is taken gets `_2`.
 */
export function sheetTables(
  workbook: TableDefinition,
  sheets: readonly string[],
  isTaken: (name: string) => boolean,
): TableDefinition[] {
  const { options } = workbook;
  if (options.format !== "xlsx") return [];
  const { sheets: _all, ...xlsx } = options.xlsx;
  const given = new Set<string>();
  return sheets.map((sheet) => {
    const plain = workbook.names === "as_is" ? sheet : normalizeName(sheet).replace(/^_/, "");
    const base = truncateName(`${workbook.name}_${plain}`, SUFFIX_BYTES);
    let name = base;
    for (let number = 2; given.has(name) || isTaken(name); number += 1) name = `${base}_${number}`;
    given.add(name);
    return { ...workbook, name, options: { ...options, xlsx: { ...xlsx, sheet } } };
  });
}
