/** How COPY's text and csv write one value (PostgreSQL documentation, COPY, "File Formats"). */
export type CopyCellFormat =
  | { readonly kind: "copy-text"; readonly delimiter: string }
  | {
      readonly kind: "copy-csv";
      readonly delimiter: string;
      readonly nullText: string;
      readonly quote: string;
      readonly escape: string;
    };

/** The letter behind the backslash, by byte; 0 where the byte stands for itself. */
export function escapeTable(delimiter: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const [byte, letter] of [
    [0x08, "b"],
    [0x0c, "f"],
    [0x0a, "n"],
    [0x0d, "r"],
    [0x09, "t"],
    [0x0b, "v"],
    [0x5c, "\\"],
  ] as const) {
    table[byte] = letter.charCodeAt(0);
  }
  const byte = delimiter.charCodeAt(0);
  // A tab between cells is escaped as \t like any other; another delimiter stands for itself.
  if (table[byte] === 0) table[byte] = byte;
  return table;
}

/** Writes values one by one: names of columns, and answers that are small. */
export function copyCell(
  format: CopyCellFormat,
  columnCount: number,
): (value: string, isForced?: boolean) => string {
  if (format.kind === "copy-text") {
    const table = escapeTable(format.delimiter);
    return (value) =>
      Array.from(value, (character) => {
        const code = character.charCodeAt(0);
        const letter = code < 128 ? table[code] : 0;
        return letter ? `\\${String.fromCharCode(letter)}` : character;
      }).join("");
  }
  const { quote, escape, delimiter, nullText } = format;
  const special = [delimiter, quote, "\n", "\r"];
  return (value, isForced = false) => {
    const isQuoted =
      isForced ||
      value === nullText ||
      // Alone on a line it would read as the end of the data.
      (columnCount === 1 && value === "\\.") ||
      special.some((sign) => value.includes(sign));
    if (!isQuoted) return value;
    const escaped = Array.from(value, (sign) =>
      sign === quote || sign === escape ? escape + sign : sign,
    );
    return quote + escaped.join("") + quote;
  };
}
