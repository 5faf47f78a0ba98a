import { PgError } from "../core/pg-error.ts";
import { readOnly } from "../sql/refusals.ts";
import type { RelationName } from "../sql/relations.ts";
import { positionOf } from "../sql/source-text.ts";
import type { Statement } from "../sql/statement.ts";
import type { TemporaryWrite } from "../sql/temporary.ts";
import type { Translation } from "../sql/translate.ts";
import type { SessionContext } from "./context.ts";
import { describeInEngine } from "./engine-plan.ts";
import type { Plan } from "./plan.ts";
import { relationExists } from "./relation-exists.ts";
import { TemporaryExecution } from "./temporary-execution.ts";
import { translations } from "./temporary-statement.ts";

/** A statement that makes, changes or drops temporary tables; on anything else it is refused. */
export async function planForTemporary(
  context: SessionContext,
  statement: Statement,
  declaredOids: readonly number[],
  signal: AbortSignal,
): Promise<Plan> {
  const { route } = statement;
  if (route.to !== "temporary") throw new Error("not a change of temporary tables");
  const { write } = route;
  await requireTargets(context, write, statement, signal);
  const typed = statement.parameterCount > 0 || (write.kind === "rows" && write.returning);
  if (!typed) {
    return {
      parameterOids: [],
      fields: undefined,
      endsTransaction: false,
      open: (binding, aborted) =>
        new TemporaryExecution(context, statement, write, [], binding, aborted),
    };
  }
  await context.temporary.open();
  const translate = (oids: readonly number[]): Translation => {
    const [translation, ...more] = translations(context, statement, oids);
    if (translation === undefined || more.length > 0)
      throw new PgError("undefined_parameter", "there is no parameter $1");
    return translation;
  };
  const { parameterOids, fields } = await describeInEngine(
    context,
    statement,
    declaredOids,
    { translate, scope: () => context.temporary.scope },
    signal,
  );
  return {
    parameterOids,
    fields: write.kind === "rows" && write.returning ? fields : undefined,
    endsTransaction: false,
    open: (binding, aborted) =>
      new TemporaryExecution(context, statement, write, parameterOids, binding, aborted),
  };
}

/** What a statement changes must be the session's own: files are read-only, and the rest is unknown. */
async function requireTargets(
  context: SessionContext,
  write: TemporaryWrite,
  statement: Statement,
  signal: AbortSignal,
): Promise<void> {
  if (write.kind === "create") {
    const known = context.temporary.relations.get(write.name);
    if (known === undefined || write.ifNotExists) return;
    if (write.replace && known.object === "view") return;
    throw new PgError("duplicate_table", `relation "${write.name}" already exists`);
  }
  if (write.kind === "drop" && write.object === "index") return;
  for (const target of write.targets) {
    const known = context.temporary.find(target);
    if (known === undefined) {
      if (write.kind === "drop" && write.ifExists) continue;
      await refuseOther(context, write, statement, target, signal);
    } else if (write.kind === "drop" && write.object !== known.object) {
      throw new PgError("wrong_object_type", `"${target.name}" is not a ${write.object}`, {
        hint: `Use DROP ${known.object.toUpperCase()} to remove a ${known.object}.`,
      });
    } else if (known.object === "view" && write.kind !== "drop") {
      throw new PgError("object_not_in_prerequisite_state", `cannot change view "${target.name}"`, {
        position: positionOf(statement.text, target.location),
      });
    }
  }
}

/** PostgreSQL looks for the relation first, and then whether it may be changed. */
async function refuseOther(
  context: SessionContext,
  write: TemporaryWrite,
  { text }: Statement,
  { schema, name, location }: RelationName,
  signal: AbortSignal,
): Promise<never> {
  const position = positionOf(text, location);
  const names = [...(schema === undefined ? [] : [schema]), name];
  if (await relationExists(context, names, signal)) throw readOnly(write.command);
  const kind = write.kind === "drop" ? write.object : "relation";
  throw new PgError("undefined_table", `${kind} "${names.join(".")}" does not exist`, { position });
}
