/** A large workbook, written as a stream: building it in memory would take gigabytes. */
import { once } from "node:events";
import { closeSync, openSync, writeSync } from "node:fs";
import { crc32, createDeflateRaw } from "node:zlib";

const MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships";
const HEADERS = "id customer city state note amount quantity total day at clock ok".split(" ");
const CITIES = ["Berlin", "Zürich", "Paris &amp; Nord", "Kraków", "Tokyo 東京", "São Paulo"];
const STATES = ["open", "paid", "shipped", "returned"];
/** 2020-01-01, as Excel counts days. */
const FIRST_DAY = 43_831;
const PIECE_CHARACTERS = 1 << 18;

/** Twelve columns: texts, numbers, formulas, dates, times and booleans; the same for a row count. */
export async function writeWorkbook(
  file: string,
  rows: number,
  strings: "shared" | "inline",
): Promise<void> {
  const zip = new ZipWriter(file);
  const texts = new Map<string, number>();
  const textCell = (reference: string, text: string): string => {
    if (strings === "inline") {
      return `<c r="${reference}" t="inlineStr"><is><t>${text}</t></is></c>`;
    }
    const index = texts.get(text) ?? texts.size;
    texts.set(text, index);
    return `<c r="${reference}" t="s"><v>${index}</v></c>`;
  };
  await zip.add("[Content_Types].xml", [
    `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`,
  ]);
  await zip.add("_rels/.rels", [
    relationships(
      `<Relationship Id="r1" Type="${OFFICE}/officeDocument" Target="xl/workbook.xml"/>`,
    ),
  ]);
  await zip.add("xl/workbook.xml", [
    `<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}"><sheets><sheet name="Sales" sheetId="1" r:id="r1"/></sheets></workbook>`,
  ]);
  const shared = `<Relationship Id="r3" Type="${OFFICE}/sharedStrings" Target="sharedStrings.xml"/>`;
  await zip.add("xl/_rels/workbook.xml.rels", [
    relationships(
      `<Relationship Id="r1" Type="${OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>` +
        `<Relationship Id="r2" Type="${OFFICE}/styles" Target="styles.xml"/>` +
        (strings === "shared" ? shared : ""),
    ),
  ]);
  await zip.add("xl/styles.xml", [
    `<styleSheet xmlns="${MAIN}"><numFmts><numFmt numFmtId="164" formatCode="yyyy-mm-dd hh:mm:ss"/>` +
      `<numFmt numFmtId="165" formatCode="hh:mm:ss"/></numFmts><cellXfs><xf numFmtId="0"/>` +
      `<xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="4"/></cellXfs></styleSheet>`,
  ]);
  await zip.add("xl/worksheets/sheet1.xml", sheet(rows, textCell));
  if (strings === "shared") await zip.add("xl/sharedStrings.xml", sharedStrings(texts));
  zip.end();
}

function relationships(content: string): string {
  return `<Relationships xmlns="${PACKAGE}">${content}</Relationships>`;
}

function* sheet(
  rows: number,
  textCell: (reference: string, text: string) => string,
): Generator<string> {
  yield `<worksheet xmlns="${MAIN}"><dimension ref="A1:L${rows + 1}"/><sheetData><row r="1">`;
  yield HEADERS.map((name, at) => textCell(`${String.fromCharCode(65 + at)}1`, name)).join("");
  let text = "</row>";
  for (let id = 1; id <= rows; id += 1) {
    const r = id + 1;
    // A multiplicative hash spreads the values without a generator's state.
    const noise = Math.imul(id, 2_654_435_761) >>> 0;
    const amount = (noise % 1_000_000) / 100;
    const quantity = 1 + (noise % 9);
    const clock = (noise % 86_400) / 86_400;
    const day = FIRST_DAY + (noise % 1500);
    text +=
      `<row r="${r}"><c r="A${r}"><v>${id}</v></c>${textCell(`B${r}`, `Customer ${noise % 50_000}`)}` +
      textCell(`C${r}`, CITIES[noise % CITIES.length] ?? "") +
      textCell(`D${r}`, STATES[(noise >>> 8) % STATES.length] ?? "") +
      textCell(`E${r}`, `note ${noise % 997} about the order`) +
      `<c r="F${r}" s="4"><v>${amount}</v></c><c r="G${r}"><v>${quantity}</v></c>` +
      `<c r="H${r}"><f>F${r}*G${r}</f><v>${amount * quantity}</v></c><c r="I${r}" s="1"><v>${day}</v></c>` +
      `<c r="J${r}" s="2"><v>${day + clock}</v></c><c r="K${r}" s="3"><v>${clock}</v></c>` +
      `<c r="L${r}" t="b"><v>${noise & 1}</v></c></row>`;
    if (text.length > PIECE_CHARACTERS) {
      yield text;
      text = "";
    }
  }
  yield `${text}</sheetData></worksheet>`;
}

function* sharedStrings(texts: ReadonlyMap<string, number>): Generator<string> {
  yield `<sst xmlns="${MAIN}" uniqueCount="${texts.size}">`;
  let text = "";
  for (const shared of texts.keys()) {
    text += `<si><t>${shared}</t></si>`;
    if (text.length > PIECE_CHARACTERS) {
      yield text;
      text = "";
    }
  }
  yield `${text}</sst>`;
}

/** Entries one after another, each deflated as it comes (PKWARE's APPNOTE, 4.3). */
class ZipWriter {
  readonly #descriptor: number;
  readonly #directory: Buffer[] = [];
  #at = 0;

  constructor(file: string) {
    this.#descriptor = openSync(file, "w");
  }

  async add(name: string, pieces: Iterable<string>): Promise<void> {
    const start = this.#at;
    const header = Buffer.alloc(30 + name.length);
    header.writeUInt32LE(0x04034b50, 0);
    header.writeUInt16LE(20, 4);
    header.writeUInt16LE(8, 8);
    header.writeUInt16LE(name.length, 26);
    header.write(name, 30, "latin1");
    this.#write(header);
    const deflate = createDeflateRaw({ level: 4 });
    deflate.on("data", (chunk: Buffer) => this.#write(chunk));
    let checksum = 0;
    let bytes = 0;
    for (const piece of pieces) {
      const content = Buffer.from(piece);
      checksum = crc32(content, checksum);
      bytes += content.length;
      if (!deflate.write(content)) await once(deflate, "drain");
    }
    const ended = once(deflate, "end");
    deflate.end();
    await ended;
    const facts = Buffer.alloc(12);
    facts.writeUInt32LE(checksum, 0);
    facts.writeUInt32LE(this.#at - start - header.length, 4);
    facts.writeUInt32LE(bytes, 8);
    writeSync(this.#descriptor, facts, 0, facts.length, start + 14);
    const entry = Buffer.alloc(46 + name.length);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(20, 6);
    entry.writeUInt16LE(8, 10);
    facts.copy(entry, 16);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(start, 42);
    entry.write(name, 46, "latin1");
    this.#directory.push(entry);
  }

  end(): void {
    const start = this.#at;
    for (const entry of this.#directory) this.#write(entry);
    const end = Buffer.alloc(22);
    end.writeUInt32LE(0x06054b50, 0);
    end.writeUInt16LE(this.#directory.length, 8);
    end.writeUInt16LE(this.#directory.length, 10);
    end.writeUInt32LE(this.#at - start, 12);
    end.writeUInt32LE(start, 16);
    this.#write(end);
    closeSync(this.#descriptor);
  }

  #write(bytes: Buffer): void {
    this.#at += writeSync(this.#descriptor, bytes, 0, bytes.length, this.#at);
  }
}
