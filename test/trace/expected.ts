import { DIFFERENCES, type PermittedDifference } from "./differences.ts";
import type { Trace } from "./trace-client.ts";

const BY_SCRIPT: ReadonlyMap<string, readonly PermittedDifference[]> = new Map(
  DIFFERENCES.flatMap(({ scripts }) => Object.entries(scripts)),
);

/** PostgreSQL's trace with what is permitted to be different put in its place, once each. */
export function expectedOf(name: string, recorded: Trace): Trace {
  const left = [...(BY_SCRIPT.get(name) ?? [])];
  return recorded.map((lines) =>
    lines.flatMap((line) => {
      const [postgres, ...ours] = left[0] ?? [];
      if (postgres !== line) return [line];
      left.shift();
      return ours;
    }),
  );
}

/** Permissions for scripts that there are not, or for lines that PostgreSQL has not sent. */
export function stalePermissions(traces: Readonly<Record<string, Trace>>): readonly string[] {
  return [...BY_SCRIPT].flatMap(([name, differences]) => {
    const lines = new Set(traces[name]?.flat());
    return differences
      .filter(([postgres]) => !lines.has(postgres))
      .map(([postgres]) => `${name}: ${postgres}`);
  });
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
