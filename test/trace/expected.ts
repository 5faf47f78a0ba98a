import type { PermittedDifference, Script } from "./script.ts";
import type { Trace } from "./trace-client.ts";

export interface Expected {
  readonly trace: Trace;
  /** Those of the script's differences that no line has: they are out of date. */
  readonly unused: readonly PermittedDifference[];
}

/** PostgreSQL's trace with what is permitted to be different put in its place. */
export function expectedOf({ differences }: Script, recorded: Trace): Expected {
  const used = new Set<PermittedDifference>();
  const trace = recorded.map((lines) =>
    lines.flatMap((line) => {
      const difference = differences.find(({ postgres }) => postgres === line);
      if (difference === undefined) return [line];
      used.add(difference);
      return difference.ours;
    }),
  );
  return { trace, unused: differences.filter((one) => !used.has(one)) };
}

const HINT = / \| hint: .*$/;

/**
 * Our trace without the hints of errors for which PostgreSQL has none: an error that is otherwise the
 * same may say more about its cure.
 */
export function withoutMoreHints(ours: Trace, expected: Trace): Trace {
  return ours.map((lines, step) =>
    lines.map((line, index) =>
      expected[step]?.[index] === line.replace(HINT, "") ? line.replace(HINT, "") : line,
    ),
  );
}
