import { PgError } from "../core/pg-error.ts";
import { notSupported } from "./refusals.ts";

/** Escapes of PostgreSQL's regular expressions that RE2 spells otherwise. */
const ESCAPES: Readonly<Record<string, string>> = {
  m: "\\b",
  M: "\\b",
  y: "\\b",
  Y: "\\B",
  Z: "\\z",
  e: "\\x1b",
  "0": "\\x00",
};

/** PostgreSQL's regular expression as RE2's; what RE2 cannot do, by design, is refused. */
export function re2Pattern(pattern: string, position: number | undefined): string {
  if (pattern.startsWith("***=")) return pattern.slice(4).replaceAll(/[\\.^$*+?()[\]{}|]/g, "\\$&");
  const body = pattern.startsWith("***:") ? pattern.slice(4) : pattern;
  return body
    .replaceAll("[[:<:]]", "\\b")
    .replaceAll("[[:>:]]", "\\b")
    .replaceAll(
      /\\(u[\da-f]{4}|U[\da-f]{8}|[^])|\(\?(<?[=!])|\\$/gi,
      (whole, escape?: string, look?: string) => {
        if (look !== undefined) throw unsupported("look-ahead and look-behind", position);
        if (escape === undefined) {
          throw new PgError(
            "invalid_regular_expression",
            "invalid regular expression: invalid escape \\ sequence",
            { position },
          );
        }
        if (/^[1-9]$/.test(escape)) throw unsupported("back references", position);
        if (/^u[\da-f]{4}$|^U[\da-f]{8}$/i.test(escape)) return `\\x{${escape.slice(1)}}`;
        return ESCAPES[escape] ?? whole;
      },
    );
}

function unsupported(what: string, position: number | undefined): PgError {
  const { message, sqlstate } = notSupported(`${what} in regular expressions`);
  return PgError.fromFields({ message: message.replace(" is ", " are "), sqlstate, position });
}

/** Whether a regular expression has capturing brackets, and how many. */
export function groupsOf(pattern: string): number {
  let groups = 0;
  for (const [match] of pattern.matchAll(/\\[^]|\[\^?\]?(?:\\[^]|\[:\w+:\]|[^\]])*\]|\((?!\?)/g)) {
    if (match === "(") groups++;
  }
  return groups;
}

/**
 * SIMILAR TO's pattern as a regular expression: similar_escape_internal() in PostgreSQL's regexp.c.
 */
export function similarPattern(
  pattern: string,
  escape: string,
  position: number | undefined,
): string {
  if ([...escape].length > 1) {
    throw new PgError("invalid_escape_sequence", "invalid escape string", {
      hint: "Escape string must be empty or one character.",
      position,
    });
  }
  let result = "^(?:";
  let inBrackets = false;
  const characters = [...pattern];
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i] ?? "";
    if (character === escape && i + 1 < characters.length) {
      result += `\\${characters[++i]}`;
    } else if (inBrackets) {
      if (character === "]") inBrackets = false;
      result += character === "\\" ? "\\\\" : character;
    } else {
      if (character === "[") inBrackets = true;
      result += SIMILAR[character] ?? character;
    }
  }
  return `${result})$`;
}

const SIMILAR: Readonly<Record<string, string>> = {
  "%": ".*",
  _: ".",
  "(": "(?:",
  "\\": "\\\\",
  ".": "\\.",
  "^": "\\^",
  $: "\\$",
};
