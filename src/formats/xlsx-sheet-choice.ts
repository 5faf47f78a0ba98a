import { PgError } from "../core/pg-error.ts";

interface Choosable {
  readonly name: string;
  readonly state: "visible" | "hidden" | "veryHidden";
  readonly isWorksheet: boolean;
}

/** As many as an error can list and still be read. */
const LISTED_SHEETS = 20;

/**
 * The sheet of this name, or of this number counted from 1 through all tabs, hidden ones too; by
 * default the first worksheet that is not hidden. YAML makes a number of an unquoted 2024, and a command line
 * a text of 2: so a number that is no tab's is tried as a name, and a name as a number. Names that
 * differ in case only are the same.
 */
export function chooseSheet<S extends Choosable>(
  sheets: readonly S[],
  wanted: string | number | undefined,
): S {
  const byNumber = sheets[Number(wanted) - 1];
  const byName = wanted === undefined ? undefined : findByName(sheets, String(wanted));
  const chosen =
    wanted === undefined
      ? (sheets.find(({ state, isWorksheet }) => isWorksheet && state === "visible") ??
        sheets.find(({ isWorksheet }) => isWorksheet))
      : typeof wanted === "number"
        ? (byNumber ?? byName)
        : (byName ?? byNumber);
  if (chosen?.isWorksheet === true) return chosen;
  const listed = sheets.slice(0, LISTED_SHEETS).map(describe).join(", ");
  const more = sheets.length > LISTED_SHEETS ? `, and ${sheets.length - LISTED_SHEETS} more` : "";
  const isName = typeof wanted === "string" && chosen === undefined;
  const nearest = isName ? nearestName(sheets, wanted) : undefined;
  throw new PgError(
    "invalid_parameter_value",
    chosen === undefined
      ? `the workbook has no sheet ${typeof wanted === "number" ? `number ${wanted}` : `"${wanted ?? ""}"`}`
      : `sheet "${chosen.name}" of the workbook is a chart, which holds no cells`,
    {
      detail: `Its sheets are ${listed}${more}.`,
      hint:
        nearest === undefined
          ? "Name one of them, or give its number."
          : `Perhaps you meant "${nearest}".`,
    },
  );
}

function findByName<S extends Choosable>(sheets: readonly S[], wanted: string): S | undefined {
  return (
    sheets.find(({ name }) => name === wanted) ??
    sheets.find(({ name }) => fold(name) === fold(wanted))
  );
}

function describe({ name, state, isWorksheet }: Choosable, index: number): string {
  const remark = isWorksheet ? (state === "visible" ? "" : " (hidden)") : " (a chart)";
  return `${index + 1} "${name}"${remark}`;
}

function fold(name: string): string {
  return name.normalize("NFC").trim().toLowerCase();
}

/** The name that is closest, if few enough letters are wrong to call it a slip. */
function nearestName(sheets: readonly Choosable[], wanted: string): string | undefined {
  const slips = Math.max(1, Math.floor(wanted.length / 3));
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const { name } of sheets) {
    if (Math.abs(name.length - wanted.length) > slips) continue;
    const distance = editDistance(fold(name), fold(wanted));
    if (distance <= slips && distance < (best?.distance ?? Infinity)) best = { name, distance };
  }
  return best?.name;
}

/** Levenshtein's distance. Sheet names have at most 31 characters in Excel. */
function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1] ? 0 : 1;
      current.push(
        Math.min(
          (previous[column] ?? 0) + 1,
          (current[column - 1] ?? 0) + 1,
          (previous[column - 1] ?? 0) + same,
        ),
      );
    }
    previous = current;
  }
  return previous[to.length] ?? 0;
}
