import { type FileHandle, open } from "node:fs/promises";
import { PgError } from "../core/pg-error.ts";
import type { CellLimits } from "./xlsx-cell-recorder.ts";
import { refuseForeignFile, refuseForeignZip } from "./xlsx-foreign.ts";
import { builtInFormat, classifyFormat, type FormatClass } from "./xlsx-number-format.ts";
import { Pace } from "./xlsx-pace.ts";
import { type SharedStrings, SharedStringsHandler } from "./xlsx-shared-strings.ts";
import { chooseSheet } from "./xlsx-sheet-choice.ts";
import type { XmlAttributes } from "./xml-attributes.ts";
import { toUtf8 } from "./xml-encoding.ts";
import { type XmlHandler, type XmlLimits, XmlTokenizer } from "./xml-tokenizer.ts";
import { ZipArchive, type ZipLimits } from "./zip-archive.ts";

export interface WorkbookLimits extends ZipLimits, XmlLimits, CellLimits {
  readonly sharedStrings: number;
  readonly gridCells: number;
  readonly columns: number;
}

/** A tab of the workbook. */
export interface SheetInfo {
  readonly name: string;
  /** Of its tab, counted from 1 through all of them, hidden ones and charts too. */
  readonly number: number;
  readonly state: "visible" | "hidden" | "veryHidden";
  /** Only worksheets hold cells; the others are charts, dialogs and macros. */
  readonly isWorksheet: boolean;
}

/** A tab, and where it is in the archive. */
export interface SheetPart extends SheetInfo {
  readonly part: string;
}

interface Relationship {
  /** The last word of its type, by which the transitional and the strict standard agree. */
  readonly kind: string;
  /** The part's name in the archive. */
  readonly target: string;
}

/** Excel's own limit of cell styles; no list of a workbook's other parts is longer. */
const LONGEST_LIST = 65_535;
const PACKAGE_RELATIONSHIPS = "_rels/.rels";

/** A workbook's package (ECMA-376 part 2): its parts, found by relationships and not by name. */
export class Workbook implements AsyncDisposable {
  readonly limits: WorkbookLimits;
  /** In the order of their tabs. */
  readonly sheets: readonly SheetPart[];
  readonly is1904: boolean;
  readonly #file: FileHandle;
  readonly #archive: ZipArchive;
  readonly #parts: readonly Relationship[];
  readonly #signal: AbortSignal | undefined;

  private constructor(
    file: FileHandle,
    archive: ZipArchive,
    limits: WorkbookLimits,
    signal: AbortSignal | undefined,
    parts: readonly Relationship[],
    contents: WorkbookContents,
  ) {
    this.#file = file;
    this.#archive = archive;
    this.#parts = parts;
    this.#signal = signal;
    this.limits = limits;
    this.is1904 = contents.is1904;
    this.sheets = contents.sheets;
  }

  static async open(path: string, limits: WorkbookLimits, signal?: AbortSignal): Promise<Workbook> {
    const file = await open(path, "r");
    try {
      const { size } = await file.stat();
      await refuseForeignFile(file, size);
      const archive = await ZipArchive.open(file, size, limits);
      await refuseForeignZip(archive);
      const read = <H extends XmlHandler>(part: string, handler: H): Promise<H> =>
        readXml(archive, part, () => handler, limits, signal);
      const root = await readRelationships(read, archive, PACKAGE_RELATIONSHIPS);
      const main = [...root.values()].find(({ kind }) => kind === "officeDocument")?.target;
      if (main === undefined) throw malformed("it does not say where its workbook part is");
      const parts = await readRelationships(read, archive, relationshipsOf(main));
      const contents = await readContents(read, main, parts);
      return new Workbook(file, archive, limits, signal, [...parts.values()], contents);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** By its name, or by its number counted from 1; by default the first one that is not hidden. */
  chooseSheet(wanted: string | number | undefined): SheetPart {
    return chooseSheet(this.sheets, wanted);
  }

  /** Reads an XML part with a handler that is made for its errors. */
  async readPart<H extends XmlHandler>(
    part: string,
    makeHandler: (fail: (reason: string) => PgError) => H,
  ): Promise<H> {
    return await readXml(this.#archive, part, makeHandler, this.limits, this.#signal);
  }

  /** Adds all of them to `strings`. */
  async readSharedStrings(strings: SharedStrings): Promise<void> {
    const part = this.#partOf("sharedStrings");
    if (part === undefined) return;
    await this.readPart(
      part,
      (fail) => new SharedStringsHandler(strings, this.limits.sharedStrings, fail),
    );
  }

  /** The class of number format of each cell style, by the style's index. */
  async readStyles(): Promise<readonly FormatClass[]> {
    const part = this.#partOf("styles");
    if (part === undefined) return [];
    const codes = new Map<number, string>();
    const formatIds: number[] = [];
    let inCellFormats = false;
    await this.readPart(part, () =>
      listElements((name, attributes) => {
        if (name === "numFmt") {
          codes.set(Number(attributes.get("numFmtId")), attributes.get("formatCode") ?? "");
        } else if (name === "cellXfs") inCellFormats = true;
        else if (name === "cellStyles" || name === "dxfs") inCellFormats = false;
        else if (name === "xf" && inCellFormats) {
          formatIds.push(Number(attributes.get("numFmtId") ?? 0));
        }
        if (Math.max(codes.size, formatIds.length) > LONGEST_LIST) {
          throw malformed("it has too many cell styles");
        }
      }),
    );
    return formatIds.map((id) => {
      const code = codes.get(id);
      return code === undefined ? builtInFormat(id) : classifyFormat(code);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }

  /** A part that is declared but not there counts as absent. */
  #partOf(kind: string): string | undefined {
    const target = this.#parts.find((part) => part.kind === kind)?.target;
    return target !== undefined && this.#archive.has(target) ? target : undefined;
  }
}

type Read = <H extends XmlHandler>(part: string, handler: H) => Promise<H>;

interface WorkbookContents {
  readonly is1904: boolean;
  readonly sheets: readonly SheetPart[];
}

async function readXml<H extends XmlHandler>(
  archive: ZipArchive,
  part: string,
  makeHandler: (fail: (reason: string) => PgError) => H,
  limits: WorkbookLimits,
  signal: AbortSignal | undefined,
): Promise<H> {
  const handler = makeHandler((reason) => malformed(`part "${part}": ${reason}`));
  const tokenizer = new XmlTokenizer(handler, limits, part);
  const pace = new Pace(signal);
  for await (const chunk of toUtf8(archive.read(part, signal), part)) {
    await pace.breathe();
    tokenizer.write(chunk);
  }
  tokenizer.end();
  return handler;
}

async function readContents(
  read: Read,
  part: string,
  parts: ReadonlyMap<string, Relationship>,
): Promise<WorkbookContents> {
  const sheets: SheetPart[] = [];
  let is1904 = false;
  await read(
    part,
    listElements((name, attributes) => {
      if (name === "workbookPr") {
        is1904 = /^(1|true|on)$/.test(attributes.get("date1904") ?? "");
      } else if (name === "sheet") {
        const related = parts.get(relationshipId(attributes) ?? "");
        const state = attributes.get("state");
        sheets.push({
          name: attributes.get("name") ?? "",
          number: sheets.length + 1,
          state: state === "hidden" || state === "veryHidden" ? state : "visible",
          isWorksheet: related?.kind === "worksheet",
          part: related?.target ?? "",
        });
        if (sheets.length > LONGEST_LIST) throw malformed("it has too many sheets");
      }
    }),
  );
  if (!sheets.some(({ isWorksheet }) => isWorksheet)) throw malformed("it has no sheet with cells");
  return { is1904, sheets };
}

/** The attribute `id` in the namespace of relationships, whose prefix is the writer's choice. */
function relationshipId(attributes: XmlAttributes): string | undefined {
  const name = attributes.names.slice(0, attributes.count).find((each) => each.endsWith(":id"));
  return attributes.get(name ?? "id");
}

async function readRelationships(
  read: Read,
  archive: ZipArchive,
  part: string,
): Promise<ReadonlyMap<string, Relationship>> {
  const relationships = new Map<string, Relationship>();
  if (!archive.has(part)) throw malformed(`its part "${part}" is missing`);
  await read(
    part,
    listElements((name, attributes) => {
      if (name !== "Relationship" || attributes.get("TargetMode") === "External") return;
      const kind = attributes.get("Type")?.split("/").at(-1) ?? "";
      const target = resolvePart(part, attributes.get("Target") ?? "");
      relationships.set(attributes.get("Id") ?? "", { kind, target });
      if (relationships.size > LONGEST_LIST) throw malformed("it has too many relationships");
    }),
  );
  return relationships;
}

/** `xl/workbook.xml` keeps its relationships in `xl/_rels/workbook.xml.rels`. */
function relationshipsOf(part: string): string {
  const slash = part.lastIndexOf("/") + 1;
  return `${part.slice(0, slash)}_rels/${part.slice(slash)}.rels`;
}

/** Targets are relative to the part that has the relationships, or absolute with a slash. */
function resolvePart(relationships: string, target: string): string {
  const path = target.replaceAll("\\", "/");
  const folders = path.startsWith("/") ? [] : relationships.split("/").slice(0, -2);
  for (const step of path.split("/")) {
    if (step === "..") folders.pop();
    else if (step !== "" && step !== ".") folders.push(step);
  }
  return folders.join("/");
}

/** A handler for parts that say all in attributes. */
function listElements(each: (name: string, attributes: XmlAttributes) => void): XmlHandler {
  return { open: each, text: () => undefined, close: () => undefined };
}

function malformed(reason: string): PgError {
  return new PgError("bad_copy_file_format", `the workbook is malformed: ${reason}`, {
    hint: "Open the file in a spreadsheet program, save it again as .xlsx and upload that.",
  });
}
