import type { TableDefinition, Workspace } from "../catalog/catalog.ts";
import type { ConfiguredView } from "../engine/engine.ts";
import { parseDuckdbType } from "../pgtypes/duckdb-type-text.ts";
import { elementType, isList, pgTypeName, pgTypeText } from "../pgtypes/duckdb-types.ts";
import type { ServedTable } from "./live-source.ts";
import { type ColumnTypes, relationKey } from "./sql-knowledge.ts";
import { entryOf } from "./table-state.ts";

/** A table or view as a client of PostgreSQL would see it. */
export interface DescribedRelation {
  readonly schema: string;
  readonly name: string;
  readonly description: string | undefined;
  readonly columns: readonly DescribedColumn[];
}

export interface DescribedColumn {
  readonly name: string;
  /** As SQL has it: `numeric(12,2)`. */
  readonly type: string;
  /** PostgreSQL's internal name: `numeric`, `text[]`. */
  readonly typeName: string;
  readonly notNull: boolean;
  readonly description: string | undefined;
}

/** The columns of a table's version that is served; none while there is none. */
export function describeTable({
  definition,
  state,
}: Pick<ServedTable, "definition" | "state">): DescribedRelation {
  const columns = entryOf(state)?.columns ?? [];
  const { schema, name, description } = definition;
  return {
    schema,
    name,
    description,
    columns: columns.map((column) => ({
      name: column.name,
      ...typesOf(column.duckdbType),
      notNull: column.notNull,
      description: descriptionOf(definition, column.header),
    })),
  };
}

export function describeView(view: ConfiguredView, workspace: Workspace): DescribedRelation {
  const { schema, name, result } = view;
  const definition = workspace.views.find(
    (other) => other.schema === schema && other.name === name,
  );
  const columns = "columns" in result ? result.columns : [];
  return {
    schema,
    name,
    description: definition?.description,
    columns: columns.map((column) => ({
      name: column.name,
      ...typesOf(column.duckdbType),
      notNull: false,
      description: undefined,
    })),
  };
}

export function columnTypesOf(relations: readonly DescribedRelation[]): ColumnTypes {
  return new Map(
    relations.map(({ schema, name, columns }) => [
      relationKey(schema, name),
      new Map(columns.map((column) => [column.name, column.typeName])),
    ]),
  );
}

function descriptionOf(definition: TableDefinition, header: string): string | undefined {
  return definition.columns.get(header)?.description;
}

function typesOf(duckdbType: string): { readonly type: string; readonly typeName: string } {
  const type = parseDuckdbType(duckdbType);
  if (type === undefined) return { type: "text", typeName: "text" };
  const typeName = isList(type) ? `${pgTypeName(elementType(type))}[]` : pgTypeName(type);
  return { type: pgTypeText(type), typeName };
}
