/**
 * A Boolean as PostgreSQL reads it: any beginning of a word that is no other one's, and 1 and 0
 * (parse_bool_with_len()). Undefined for what is none; space around it is the caller's affair.
 */
export function booleanWord(word: string): boolean | undefined {
  const lower = word.toLowerCase();
  if (lower === "") return undefined;
  if (lower === "1" || lower === "on") return true;
  if (lower === "0" || lower === "of" || lower === "off") return false;
  if ("true".startsWith(lower) || "yes".startsWith(lower)) return true;
  return "false".startsWith(lower) || "no".startsWith(lower) ? false : undefined;
}
