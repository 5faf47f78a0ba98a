import { PgError } from "../core/pg-error.ts";
import type { TemporaryScope } from "../engine/engine.ts";
import { readOnly } from "../sql/refusals.ts";
import { isCatalogRelation, type RelationName } from "../sql/relations.ts";
import type { CopyRelation, Statement } from "../sql/statement.ts";
import type { SessionContext } from "./context.ts";
import { engineSettings } from "./engine-plan.ts";
import type { Completion, Execution } from "./plan.ts";
import { relationExists } from "./relation-exists.ts";

/** COPY … FROM STDIN, once it was classified as one: the engine reads what the client sends. */
export function openCopyIn(
  context: SessionContext,
  statement: Statement,
  signal: AbortSignal,
): Execution {
  return {
    run: async () => {
      try {
        return await copyIn(context, statement, signal);
      } catch (error) {
        context.temporary.failed();
        throw error instanceof PgError ? (context.copyIn.endOfSession(error) ?? error) : error;
      }
    },
    close: () => undefined,
  };
}

async function copyIn(
  context: SessionContext,
  { route }: Statement,
  signal: AbortSignal,
): Promise<Completion> {
  if (route.to !== "copy-in") throw new Error("not a COPY FROM");
  const { relation, options } = route;
  const format = options.format === "binary" ? 1 : 0;
  const rows = await context.engine.copyIn(
    {
      workspace: context.workspace,
      settings: engineSettings(context),
      transaction: context.transaction.snapshot()?.name,
      temporary: await scopeOf(context, relation, signal),
      relation,
      options,
    },
    (columnCount) => context.copyIn.receive(format, columnCount, signal),
    { signal },
  );
  // Nothing was sent: the rows came.
  return { outcome: "complete", tag: `COPY ${rows}`, rows: 0 };
}

/** Only the session's own tables can be written to; what else there is, is read-only. */
async function scopeOf(
  context: SessionContext,
  relation: CopyRelation,
  signal: AbortSignal,
): Promise<TemporaryScope> {
  const { temporary } = context;
  const { schema, name } = relation;
  const named: RelationName = { catalog: undefined, schema, name, location: undefined };
  const known = temporary.find(named);
  if (known?.object === "view") {
    throw new PgError("wrong_object_type", `cannot copy to view "${name}"`, {
      hint: "To enable copying to a view, provide an INSTEAD OF INSERT trigger.",
    });
  }
  if (known === undefined) throw await refusal(context, named, signal);
  await temporary.beginChange();
  const { scope } = temporary;
  if (scope === undefined) throw new Error("a session with temporary tables has no place for them");
  return scope;
}

async function refusal(
  context: SessionContext,
  relation: RelationName,
  signal: AbortSignal,
): Promise<PgError> {
  const { schema, name } = relation;
  if (isCatalogRelation(relation)) {
    return new PgError("insufficient_privilege", `permission denied for table ${name}`);
  }
  const names = [...(schema === undefined ? [] : [schema]), name];
  if (await relationExists(context, names, signal)) return readOnly("COPY FROM");
  return new PgError("undefined_table", `relation "${names.join(".")}" does not exist`);
}
