import { crc32, deflateRawSync } from "node:zlib";

/**
 * Writes small workbooks for the demo's data and for tests. The same input gives the same bytes:
 * no clock, no random ids. It writes what the reader has to understand, not all that Excel can.
 */

/** A cell, or a plain value of the type that it looks like; null and undefined are no cell. */
export type CellInput = string | number | boolean | null | undefined | StyledCell;

export interface StyledCell {
  /** The value, or a formula's saved result. A Date is written as a serial number. */
  readonly value?: string | number | boolean | Date | undefined;
  /** A number format code such as `yyyy-mm-dd`, or the number of a built-in one. */
  readonly format?: string | number | undefined;
  readonly formula?: string | undefined;
  /** An error value such as `#N/A`. */
  readonly error?: string | undefined;
  /** Text inside the cell and not among the shared strings. */
  readonly inline?: boolean | undefined;
  /** The cell's own XML, between `<c …>` and `</c>`, with the type it claims. */
  readonly raw?: { readonly xml: string; readonly type?: string } | undefined;
}

export interface SheetInput {
  readonly name: string;
  readonly state?: "hidden" | "veryHidden";
  /** From row 1 and column A on. */
  readonly rows?: readonly (readonly CellInput[])[];
  /** Ranges such as `A1:C1`. */
  readonly merged?: readonly string[];
  /** The whole part instead of `rows`. */
  readonly xml?: string | Uint8Array;
}

export interface WorkbookInput {
  readonly sheets: readonly SheetInput[];
  /** Days count from 1904-01-01. */
  readonly is1904?: boolean;
  /** The shared strings part instead of the one that the sheets need. */
  readonly sharedStringsXml?: string;
  /** Parts beside the workbook's own, or instead of those of the same name. */
  readonly parts?: ReadonlyMap<string, string | Uint8Array>;
}

const MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const PACKAGE = "http://schemas.openxmlformats.org/package/2006";
const OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const CONTENT = "application/vnd.openxmlformats-officedocument.spreadsheetml";
const DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const DAY_MS = 86_400_000;
const DEFAULT_DATE_FORMAT = "yyyy-mm-dd hh:mm:ss";
/** Custom number formats are numbered from here. */
const FIRST_CUSTOM_FORMAT = 164;

export function makeXlsx(workbook: WorkbookInput): Buffer {
  const strings = new Numbering<string>();
  const styles = new Numbering<string | number>();
  styles.numberOf(0);
  const sheets = workbook.sheets.map((sheet) =>
    sheet.xml === undefined ? sheetXml(sheet, strings, styles, workbook.is1904) : sheet.xml,
  );
  const parts = new Map<string, string | Uint8Array>([
    ["[Content_Types].xml", contentTypes(sheets.length)],
    ["_rels/.rels", relationships([["officeDocument", "xl/workbook.xml"]])],
    ["xl/workbook.xml", workbookXml(workbook)],
    [
      "xl/_rels/workbook.xml.rels",
      relationships([
        ...sheets.map(
          (_sheet, index) => ["worksheet", `worksheets/sheet${index + 1}.xml`] as const,
        ),
        ["styles", "styles.xml"],
        ["sharedStrings", "sharedStrings.xml"],
      ]),
    ],
    ["xl/styles.xml", stylesXml(styles.values)],
    ["xl/sharedStrings.xml", workbook.sharedStringsXml ?? sharedStringsXml(strings.values)],
    ...sheets.map((xml, index) => [`xl/worksheets/sheet${index + 1}.xml`, xml] as const),
    ...(workbook.parts ?? []),
  ]);
  return makeZip([...parts].map(([name, content]) => ({ name, content })));
}

export interface ZipFile {
  readonly name: string;
  readonly content: string | Uint8Array;
  /** Written as they are instead of what they should be, to make broken archives. */
  readonly crc?: number;
  readonly unpackedBytes?: number;
  /** Compressed bytes instead of the content. */
  readonly packed?: Buffer;
  readonly isStored?: boolean;
  readonly flags?: number;
}

/** A ZIP archive whose files are all dated 1980-01-01, where the format's time begins. */
export function makeZip(files: readonly ZipFile[]): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const file of files) {
    const name = Buffer.from(file.name);
    const content = Buffer.from(file.content);
    const packed = file.packed ?? (file.isStored ? content : deflateRawSync(content));
    // The fields that the local header and the central directory share (APPNOTE 4.3.7, 4.3.12).
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(file.flags ?? 0x800, 2);
    common.writeUInt16LE(file.isStored ? 0 : 8, 4);
    common.writeUInt16LE(0x21, 8);
    common.writeUInt32LE(file.crc ?? crc32(content), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(file.unpackedBytes ?? content.length, 18);
    common.writeUInt16LE(name.length, 22);
    const header = Buffer.alloc(46);
    header.writeUInt32LE(0x02014b50, 0);
    header.writeUInt16LE(20, 4);
    common.copy(header, 6);
    header.writeUInt32LE(offset, 42);
    directory.push(header, name);
    bodies.push(Buffer.from([0x50, 0x4b, 3, 4]), common, name, packed);
    offset += 4 + common.length + name.length + packed.length;
  }
  const directoryBytes = directory.reduce((sum, { length }) => sum + length, 0);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(directoryBytes, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...bodies, ...directory, end]);
}

/** Gives each different value a number, from 0 on, in the order of their first use. */
class Numbering<T> {
  readonly #numbers = new Map<T, number>();

  get values(): readonly T[] {
    return [...this.#numbers.keys()];
  }

  numberOf(value: T): number {
    const known = this.#numbers.get(value);
    if (known !== undefined) return known;
    this.#numbers.set(value, this.#numbers.size);
    return this.#numbers.size - 1;
  }
}

function sheetXml(
  sheet: SheetInput,
  strings: Numbering<string>,
  styles: Numbering<string | number>,
  is1904: boolean | undefined,
): string {
  const body = (sheet.rows ?? []).map((cells, index) => {
    if (cells.length === 0) return "";
    const row = index + 1;
    const inner = cells.map((cell, column) => {
      const styled =
        typeof cell === "object" && cell !== null ? cell : { value: cell ?? undefined };
      return cellXml(styled, `${columnLetters(column)}${row}`, strings, styles, is1904 === true);
    });
    return `<row r="${row}">${inner.join("")}</row>`;
  });
  const merged = (sheet.merged ?? []).map((range) => `<mergeCell ref="${range}"/>`).join("");
  const mergeCells = merged === "" ? "" : `<mergeCells>${merged}</mergeCells>`;
  return `${DECLARATION}<worksheet xmlns="${MAIN}"><sheetData>${body.join("")}</sheetData>${mergeCells}</worksheet>`;
}

function cellXml(
  cell: StyledCell,
  reference: string,
  strings: Numbering<string>,
  styles: Numbering<string | number>,
  is1904: boolean,
): string {
  const { value, formula, error, raw } = cell;
  const format = cell.format ?? (value instanceof Date ? DEFAULT_DATE_FORMAT : undefined);
  if (
    value === undefined &&
    formula === undefined &&
    format === undefined &&
    error === undefined &&
    raw === undefined
  )
    return "";
  const style = format === undefined ? "" : ` s="${styles.numberOf(format)}"`;
  const tag = (type: string, inner: string): string =>
    `<c r="${reference}"${style}${type === "" ? "" : ` t="${type}"`}>${inner}</c>`;
  if (raw !== undefined) return tag(raw.type ?? "", raw.xml);
  const f = formula === undefined ? "" : `<f>${escapeXml(formula)}</f>`;
  if (error !== undefined) return tag("e", `${f}<v>${escapeXml(error)}</v>`);
  if (value === undefined) return tag("", f);
  if (typeof value === "boolean") return tag("b", `${f}<v>${value ? 1 : 0}</v>`);
  if (typeof value === "number") return tag("", `${f}<v>${value}</v>`);
  if (value instanceof Date) return tag("", `${f}<v>${serialOf(value, is1904)}</v>`);
  if (formula !== undefined) return tag("str", `${f}<v>${escapeXml(value)}</v>`);
  if (cell.inline === true) return tag("inlineStr", `<is>${textXml(value)}</is>`);
  return tag("s", `<v>${strings.numberOf(value)}</v>`);
}

/** Days since the epoch of the workbook; 1900 had a 29th of February for Excel. */
function serialOf(date: Date, is1904: boolean): number {
  const days = date.getTime() / DAY_MS;
  if (is1904) return days + 24_107;
  return days + 25_569 - (days + 25_569 < 61 ? 1 : 0);
}

function workbookXml({ sheets, is1904 }: WorkbookInput): string {
  const list = sheets.map(({ name, state }, index) => {
    const hidden = state === undefined ? "" : ` state="${state}"`;
    return `<sheet name="${escapeXml(name)}" sheetId="${index + 1}"${hidden} r:id="rId${index + 1}"/>`;
  });
  const properties = is1904 === true ? '<workbookPr date1904="1"/>' : "<workbookPr/>";
  return `${DECLARATION}<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}">${properties}<sheets>${list.join("")}</sheets></workbook>`;
}

function relationships(list: readonly (readonly [kind: string, target: string])[]): string {
  const items = list.map(
    ([kind, target], index) =>
      `<Relationship Id="rId${index + 1}" Type="${OFFICE}/${kind}" Target="${target}"/>`,
  );
  return `${DECLARATION}<Relationships xmlns="${PACKAGE}/relationships">${items.join("")}</Relationships>`;
}

function contentTypes(sheetCount: number): string {
  const sheets = Array.from({ length: sheetCount }, (_, index) =>
    override(`worksheets/sheet${index + 1}`, "worksheet"),
  );
  return (
    `${DECLARATION}<Types xmlns="${PACKAGE}/content-types">` +
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>' +
    '<Default Extension="xml" ContentType="application/xml"/>' +
    override("workbook", "sheet.main") +
    sheets.join("") +
    override("styles", "styles") +
    override("sharedStrings", "sharedStrings") +
    "</Types>"
  );
}

function override(part: string, kind: string): string {
  return `<Override PartName="/xl/${part}.xml" ContentType="${CONTENT}.${kind}+xml"/>`;
}

function stylesXml(formats: readonly (string | number)[]): string {
  const codes: string[] = [];
  const styles = formats.map((format, index) => {
    const id = typeof format === "number" ? format : FIRST_CUSTOM_FORMAT + index;
    if (typeof format === "string") {
      codes.push(`<numFmt numFmtId="${id}" formatCode="${escapeXml(format)}"/>`);
    }
    return `<xf numFmtId="${id}" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>`;
  });
  const numFmts =
    codes.length === 0 ? "" : `<numFmts count="${codes.length}">${codes.join("")}</numFmts>`;
  return (
    `${DECLARATION}<styleSheet xmlns="${MAIN}">${numFmts}` +
    '<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>' +
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>' +
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>' +
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>' +
    `<cellXfs count="${styles.length}">${styles.join("")}</cellXfs></styleSheet>`
  );
}

function sharedStringsXml(strings: readonly string[]): string {
  const items = strings.map((text) => `<si>${textXml(text)}</si>`).join("");
  return `${DECLARATION}<sst xmlns="${MAIN}" count="${strings.length}" uniqueCount="${strings.length}">${items}</sst>`;
}

function textXml(text: string): string {
  return `<t xml:space="preserve">${escapeXml(text)}</t>`;
}

function escapeXml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

function columnLetters(column: number): string {
  const letter = String.fromCharCode(0x41 + (column % 26));
  return column < 26 ? letter : columnLetters(Math.floor(column / 26) - 1) + letter;
}
