import type { TableDefinition } from "../catalog/catalog.ts";
import { normalizeName, truncateName } from "../core/sql-names.ts";

/** Room for what tells two tables of one name apart. */
const SUFFIX_BYTES = 5;

/**
 * The tables that a workbook's sheets make, where each is to be one: `budget_2024` of the sheet
 * `2024` of `budget`. Names that differ in case only are the same, and the second gets `_2`.
 */
export function sheetTables(
  workbook: TableDefinition,
  sheets: readonly string[],
): TableDefinition[] {
  const { options } = workbook;
  if (options.format !== "xlsx") return [];
  const { sheets: _all, ...xlsx } = options.xlsx;
  const given = new Set<string>();
  return sheets.map((sheet) => {
    const plain = workbook.names === "as_is" ? sheet : normalizeName(sheet).replace(/^_/, "");
    const base = truncateName(`${workbook.name}_${plain}`, SUFFIX_BYTES);
    let name = base;
    for (let number = 2; given.has(name.toLowerCase()); number += 1) name = `${base}_${number}`;
    given.add(name.toLowerCase());
    return { ...workbook, name, options: { ...options, xlsx: { ...xlsx, sheet } } };
  });
}

interface RelationName {
  readonly schema: string;
  readonly name: string;
}

/**
 * What each entry of the catalog makes, in order, under names of their own. The catalog's own names
 * stay; a name that was made of a sheet's, and that another table or view has, gets `_2`.
 */
export function distinctNames<T extends RelationName>(
  entries: readonly { readonly given: RelationName; readonly made: readonly T[] }[],
  views: readonly RelationName[],
): T[] {
  const taken = new Set([...entries.map(({ given }) => given), ...views].map(folded));
  return entries.flatMap(({ given, made }) =>
    made.map((table) => {
      if (folded(table) === folded(given)) return table;
      let { name } = table;
      for (let number = 2; taken.has(folded({ ...table, name })); number += 1) {
        name = `${table.name}_${number}`;
      }
      taken.add(folded({ ...table, name }));
      return name === table.name ? table : { ...table, name };
    }),
  );
}

/** Names that differ in case only are the same to the engine. */
function folded({ schema, name }: RelationName): string {
  return JSON.stringify([schema.toLowerCase(), name.toLowerCase()]);
}
