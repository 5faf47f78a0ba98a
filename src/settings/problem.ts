import { relative } from "node:path";

/** One thing wrong in a YAML file, where it is and how to put it right. */
export interface Problem {
  readonly file: string;
  /** Counted from 1, as editors do. */
  readonly line: number;
  readonly column: number;
  /** Lower case, without a full stop, and never with a secret in it. */
  readonly message: string;
  /** A sentence with the cure, where the message does not hold it already. */
  readonly hint?: string | undefined;
}

/** `config/catalog/acme.yaml:12:5: unknown key …`, which editors and terminals can open. */
export function formatProblem(problem: Problem, folder: string = process.cwd()): string {
  const shortened = relative(folder, problem.file);
  const file = shortened === "" || shortened.startsWith("..") ? problem.file : shortened;
  const hint = problem.hint === undefined ? "" : `\n  ${problem.hint}`;
  return `${file}:${problem.line}:${problem.column}: ${problem.message}${hint}`;
}

/** By file and place, each said once. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  const unique = new Map(
    problems.map((problem) => [
      `${problem.file}\0${problem.line}\0${problem.column}\0${problem.message}`,
      problem,
    ]),
  );
  return [...unique.values()].toSorted(
    (a, b) => compareTexts(a.file, b.file) || a.line - b.line || a.column - b.column,
  );
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
