/**
 * What a number means is only said by its cell's number format: Excel stores dates, times and
 * durations as plain numbers of days (ECMA-376 part 1, 18.8.30 "numFmt").
 */
export const FORMAT_NUMBER = 0;
export const FORMAT_DATE = 1;
/** Only a time of day: hours, minutes or seconds without a day. */
export const FORMAT_TIME = 2;
/** Elapsed time such as `[h]:mm`, which may exceed a day. */
export const FORMAT_DURATION = 3;
export type FormatClass =
  | typeof FORMAT_NUMBER
  | typeof FORMAT_DATE
  | typeof FORMAT_TIME
  | typeof FORMAT_DURATION;

/**
 * The formats that every program knows by number: from, to, class. Those that are not listed are
 * numbers. 27 to 36 and 50 to 58 are East Asian dates, among them times in some languages; as the
 * file does not tell the language, they count as dates.
 */
const BUILT_IN: readonly (readonly [number, number, FormatClass])[] = [
  [14, 17, FORMAT_DATE],
  [18, 21, FORMAT_TIME],
  [22, 22, FORMAT_DATE],
  [27, 31, FORMAT_DATE],
  [32, 33, FORMAT_TIME],
  [34, 36, FORMAT_DATE],
  [45, 45, FORMAT_TIME],
  [46, 46, FORMAT_DURATION],
  [47, 47, FORMAT_TIME],
  [50, 58, FORMAT_DATE],
];

export function builtInFormat(id: number): FormatClass {
  return BUILT_IN.find(([from, to]) => id >= from && id <= to)?.[2] ?? FORMAT_NUMBER;
}

/**
 * The class of a format code such as `[$-407]dd.mm.yyyy;@`. Letters count only where they are
 * codes: not in quoted text, behind `\`, `_` or `*`, nor in brackets that name a colour, a
 * condition or a language.
 */
export function classifyFormat(code: string): FormatClass {
  const bare = code
    .replace(/"[^"]*"?|[\\_*]./gs, "")
    .split(";", 1)
    .join("")
    .toLowerCase();
  if (/\[(?:h+|m+|s+)\]/.test(bare)) return FORMAT_DURATION;
  const codes = bare
    .replace(/\[[^[\]]*\]/g, "")
    .replace(/general/g, "")
    .replace(/a\/p|am\/pm/g, "h")
    // Fractions of a second are the only digits that a date may hold.
    .replace(/s[.,]0+/g, "s");
  if (/[0#?]/.test(codes)) return FORMAT_NUMBER;
  if (/[yd]/.test(codes)) return FORMAT_DATE;
  if (/[hs]/.test(codes)) return /m{3}/.test(codes) ? FORMAT_DATE : FORMAT_TIME;
  return /m/.test(codes) ? FORMAT_DATE : FORMAT_NUMBER;
}
