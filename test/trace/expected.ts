import { GENERAL_DIFFERENCES } from "./differences.ts";
import type { PermittedDifference, Script } from "./script.ts";
import type { Trace } from "./trace-client.ts";

export interface Expected {
  readonly trace: Trace;
  /** Of the script's own differences, those that no line has: they are out of date. */
  readonly unused: readonly PermittedDifference[];
  /** How many lines are permitted to be others. */
  readonly different: number;
}

/** PostgreSQL's trace with what is permitted to be different put in its place. */
export function expectedOf({ differences }: Script, recorded: Trace): Expected {
  const used = new Set<PermittedDifference>();
  let different = 0;
  const trace = recorded.map((lines) =>
    lines.flatMap((line) => {
      const difference = [...differences, ...GENERAL_DIFFERENCES].find(({ postgres }) =>
        typeof postgres === "string" ? postgres === line : postgres.test(line),
      );
      if (difference === undefined) return [line];
      used.add(difference);
      different += 1;
      if (difference.ours === undefined) return [];
      return [line.replace(difference.postgres, difference.ours)];
    }),
  );
  return { trace, unused: differences.filter((one) => !used.has(one)), different };
}
