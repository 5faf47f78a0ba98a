import type { ViewDefinition } from "../catalog/catalog.ts";
import { distinctNames } from "../loader/sheet-tables.ts";
import type { LiveSource, ServedTable } from "./live-source.ts";

/** All tables of the sources, each under a name that no other table or view has. */
export function servedTables(
  sources: readonly LiveSource[],
  views: readonly ViewDefinition[],
): readonly ServedTable[] {
  const made = sources.map(({ tables }) => tables);
  const definitions = distinctNames(
    sources.map(({ definition }, index) => ({
      given: definition,
      made: (made[index] ?? []).map((table) => table.definition),
    })),
    views,
  );
  return made.flat().map((table, index) => {
    const definition = definitions[index] ?? table.definition;
    if (definition === table.definition) return table;
    return { definition, state: table.state, checkedAt: table.checkedAt };
  });
}
