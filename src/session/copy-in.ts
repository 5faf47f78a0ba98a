import { PgError } from "../core/pg-error.ts";
import type { Statement } from "../sql/statement.ts";
import type { SessionContext } from "./context.ts";
import { engineSettings } from "./engine-plan.ts";
import type { Execution } from "./plan.ts";

/** COPY … FROM STDIN, once it was classified as one: the engine reads what the client sends. */
export function openCopyIn(
  context: SessionContext,
  { route }: Statement,
  signal: AbortSignal,
): Execution {
  if (route.to !== "copy-in") throw new Error("not a COPY FROM");
  const { relation, options } = route;
  const format = options.format === "binary" ? 1 : 0;
  return {
    run: async () => {
      try {
        const rows = await context.engine.copyIn(
          {
            workspace: context.workspace,
            settings: engineSettings(context),
            transaction: context.transaction.snapshot()?.name,
            temporary: { session: "", inTransaction: true },
            relation,
            options,
          },
          (columnCount) => context.copyIn.receive(format, columnCount, signal),
          { signal },
        );
        // Nothing was sent: the rows came.
        return { outcome: "complete", tag: `COPY ${rows}`, rows: 0 };
      } catch (error) {
        throw error instanceof PgError ? (context.copyIn.endOfSession(error) ?? error) : error;
      }
    },
    close: () => undefined,
  };
}
