import { isUtf8 } from "node:buffer";

/** How a run of XML text is written, and so what it takes to read it. */
export const TEXT_PLAIN = 0;
/** With references, line ends to normalize or characters beyond ASCII. */
export const TEXT_ENCODED = 1;
/** A CDATA section: no references. */
export const TEXT_CDATA = 2;
export type TextForm = typeof TEXT_PLAIN | typeof TEXT_ENCODED | typeof TEXT_CDATA;

/** What a byte is between tags: 0 plain text, 1 text that has to be decoded, 2 a tag's beginning. */
export const TEXT_CLASS_LT = 2;
export const TEXT_CLASS = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte === 0x3c) return TEXT_CLASS_LT;
  const isPlain = byte === 0x09 || byte === 0x0a || (byte >= 0x20 && byte <= 0x7e);
  return isPlain && byte !== 0x26 ? 0 : 1;
});

/** The five entities that XML has without a document type declaration. */
const ENTITIES: ReadonlyMap<string, string> = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
]);

/** Of the characters that XML 1.0 forbids, those that a writer can produce by mistake. */
// oxlint-disable-next-line no-control-regex -- the control characters are what is searched for
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/;

/** The text that UTF-8 `bytes` of a document stand for (XML 1.0, sections 2.11, 4.1 and 4.6). */
export function decodeText(
  bytes: Buffer,
  start: number,
  end: number,
  form: TextForm,
  fail: (reason: string) => Error,
): string {
  if (form === TEXT_PLAIN) return bytes.toString("latin1", start, end);
  let text = bytes.toString("utf8", start, end);
  if (text.includes("\ufffd") && !isUtf8(bytes.subarray(start, end))) {
    throw fail("its text is not in the encoding UTF-8");
  }
  if (FORBIDDEN.test(text)) throw fail("it holds a control character");
  if (text.includes("\r")) text = text.replace(/\r\n?/g, "\n");
  if (form === TEXT_CDATA || !text.includes("&")) return text;
  return text.replace(
    /&([^;&]{0,12})(;?)/g,
    (_reference: string, name: string, semicolon: string) => {
      const character = semicolon === "" ? undefined : referenced(name);
      if (character === undefined) throw fail(`it refers to an unknown entity "&${name}"`);
      return character;
    },
  );
}

/** Whether a run is UTF-8 that stands for itself: beyond ASCII, but without references. */
export function isLiteral(bytes: Buffer, start: number, end: number): boolean {
  for (let index = start; index < end; index++) {
    const byte = bytes[index] ?? 0;
    if (byte < 0x80 && TEXT_CLASS[byte] !== 0) return false;
  }
  return isUtf8(bytes.subarray(start, end));
}

function referenced(name: string): string | undefined {
  const digits = /^#(?:x([0-9A-Fa-f]+)|([0-9]+))$/.exec(name);
  if (digits === null) return ENTITIES.get(name);
  const [, hexadecimal, decimal] = digits;
  const code = hexadecimal === undefined ? Number(decimal) : Number.parseInt(hexadecimal, 16);
  // PostgreSQL's text cannot hold the character 0, nor may XML refer to it or to half a pair.
  if (code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return undefined;
  return String.fromCodePoint(code);
}
