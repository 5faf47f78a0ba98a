import type { ViewDefinition } from "../catalog/catalog.ts";
import type { WorkspaceName } from "../core/brands.ts";
import { PgError } from "../core/pg-error.ts";
import type { ConfiguredView, EngineWorkspace } from "../engine/engine.ts";
import { parseStatements } from "../sql/parse.ts";
import { translate } from "../sql/translate.ts";
import type { SqlKnowledge } from "./sql-knowledge.ts";

interface EngineViews {
  readonly views: EngineWorkspace["views"];
  /** Those whose SQL cannot be one query of the workspace's data. */
  readonly failed: readonly ConfiguredView[];
}

/** The YAML's views in the engine's SQL: by the same checks and translations as a client's query. */
export function engineViews(
  workspace: WorkspaceName,
  definitions: readonly ViewDefinition[],
  knowledge: SqlKnowledge,
): EngineViews {
  const views: EngineWorkspace["views"][number][] = [];
  const failed: ConfiguredView[] = [];
  for (const { schema, name, sql } of definitions) {
    try {
      views.push({ schema, name, sql: engineSql(workspace, sql, knowledge) });
    } catch (error) {
      if (!(error instanceof PgError)) throw error;
      failed.push({ schema, name, result: { error: error.toFields() } });
    }
  }
  return { views, failed };
}

function engineSql(workspace: WorkspaceName, sql: string, knowledge: SqlKnowledge): string {
  const { columnType, schemas } = knowledge;
  const [statement, second] = parseStatements(sql);
  if (statement === undefined || second !== undefined) {
    throw new PgError("syntax_error", "a view's sql must be one query");
  }
  if (statement.parameterCount > 0) {
    throw new PgError("undefined_parameter", "there is no parameter $1");
  }
  if (statement.route.to !== "engine" && statement.route.to !== "shadow") {
    throw new PgError("syntax_error", "a view's sql must be a query");
  }
  return translate(statement, { workspace, parameterTypes: [], columnType, schemas }).sql;
}
