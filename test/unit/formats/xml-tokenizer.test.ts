import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LIMITS } from "../../../src/core/limits.ts";
import { toUtf8 } from "../../../src/formats/xml-encoding.ts";
import { decodeText } from "../../../src/formats/xml-text.ts";
import { type XmlHandler, XmlTokenizer } from "../../../src/formats/xml-tokenizer.ts";

/** What a document tells: tags with their attributes, and text joined between two tags. */
type Token =
  | readonly ["open", string, Readonly<Record<string, string>>]
  | readonly ["text", string]
  | readonly ["close", string];

function tokensOf(chunks: readonly Buffer[], limits = LIMITS.workbook): Token[] {
  const tokens: Token[] = [];
  const handler: XmlHandler = {
    open: (name, attributes) => {
      const names = attributes.names.slice(0, attributes.count);
      const values = names.map((each) => [each, attributes.get(each) ?? ""] as const);
      tokens.push(["open", name, Object.fromEntries(values)]);
    },
    text: (bytes, start, end, form) => {
      tokens.push(["text", decodeText(bytes, start, end, form, (reason) => new Error(reason))]);
    },
    close: (name) => tokens.push(["close", name]),
  };
  const tokenizer = new XmlTokenizer(handler, limits, "test.xml");
  for (const chunk of chunks) tokenizer.write(chunk);
  tokenizer.end();
  return tokens;
}

const parse = (xml: string): Token[] => tokensOf([Buffer.from(xml)]);

describe("what a document tells", () => {
  test("elements come without their prefix, attributes with it", () => {
    expect(parse('<x:row xmlns:x="urn:s" r="1" x:k=\'a"b\'><x:c/></x:row >')).toEqual([
      ["open", "row", { "xmlns:x": "urn:s", r: "1", "x:k": 'a"b' }],
      ["open", "c", {}],
      ["close", "c"],
      ["close", "row"],
    ]);
  });

  test("references become characters, those beyond the basic plane too", () => {
    expect(parse("<t a='&lt;&#65;'>&amp;&lt;&gt;&quot;&apos;&#x1F600;&#128640;</t>")).toEqual([
      ["open", "t", { a: "<A" }],
      ["text", "&<>\"'😀🚀"],
      ["close", "t"],
    ]);
  });

  test("CDATA is text as it stands, and comments and instructions are nothing", () => {
    const xml = "<?xml version='1.0'?><!-- > --><t>a<!-- < -->b<![CDATA[<&c>]]]]><?p <t> ?></t>";
    expect(parse(xml)).toEqual([
      ["open", "t", {}],
      ["text", "a"],
      ["text", "b"],
      ["text", "<&c>]]"],
      ["close", "t"],
    ]);
  });

  test("line ends are line feeds, unless they are written as a reference", () => {
    expect(parse("<t>a\r\nb\rc&#13;</t>")[1]).toEqual(["text", "a\nb\nc\r"]);
  });
});

test.each([
  ["<a><b></a>", "the end tag of <b> is missing"],
  ["<a><b>", "it ends unexpectedly inside <b>"],
  ["<a/><b/>", "two root elements"],
  ["</a>", "an end tag without its start"],
  ["<a", "it ends inside a tag"],
  ["<a/>x", "text outside its root element"],
  ["x<a/>", "text outside its root element"],
  ["<![CDATA[x]]><a/>", "text outside its root element"],
  ["", "no root element"],
  ["<a b></a>", "the tag <a> is malformed"],
  ["<a b=c></a>", "the tag <a> is malformed"],
  ["< a/>", "a tag without a name"],
  ["<a>&b;</a>", 'an unknown entity "&b"'],
  ["<a>&amp</a>", 'an unknown entity "&amp"'],
  ["<a>&#0;</a>", 'an unknown entity "&#0"'],
  ["<a>&#xD800;</a>", 'an unknown entity "&#xD800"'],
  ["<a>\u0001</a>", "a control character"],
  ['<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "a document type declaration (DTD)"],
  ["<a>".repeat(100), "nest too deeply"],
])("%j is refused", (xml, reason) => {
  expect(() => parse(xml)).toThrow(reason);
});

test("bytes that are not UTF-8 are refused", () => {
  expect(() => tokensOf([Buffer.from("<a>caf\xe9</a>", "latin1")])).toThrow("encoding UTF-8");
});

test("one endless tag or text is refused however it arrives", () => {
  const limits = { xmlDepth: 8, xmlTextBytes: 100, xmlTagBytes: 50 };
  const run = (xml: string, size: number): unknown => {
    const tokenizer = new XmlTokenizer(
      { open: () => undefined, text: () => undefined, close: () => undefined },
      limits,
      "test.xml",
    );
    return cut(Buffer.from(xml), [size]).forEach((chunk) => tokenizer.write(chunk));
  };
  for (const size of [1, 7, 10_000]) {
    expect(() => run(`<a>${"x".repeat(101)}</a>`, size)).toThrow("one value is too large");
    expect(() => run(`<a b="${"x".repeat(60)}"/>`, size)).toThrow("one tag is too large");
    expect(() => run(`<a><!--${"x".repeat(60)}--></a>`, size)).toThrow("one tag is too large");
  }
});

const text = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 12 })
  // oxlint-disable-next-line no-control-regex -- what XML cannot hold
  .filter((each) => !/[\u0000-\u001f\ud800-\udfff]/.test(each) || /^[\ud800-\udbff]/.test(each));
const name = fc.constantFrom("c", "v", "row", "x:c", "sheetData", "größe");
const escape = (each: string): string =>
  each.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");

/** Documents as text, made of all that the tokenizer tells apart. */
const { document } = fc.letrec<{ document: string; node: string }>((tie) => ({
  document: fc
    .tuple(
      name,
      fc.uniqueArray(fc.tuple(name, text), { selector: ([key]) => key, maxLength: 3 }),
      fc.array(tie("node"), { maxLength: 5 }),
    )
    .map(([tag, attributes, nodes]) => {
      const list = attributes.map(([key, value]) => ` ${key}="${escape(value)}"`).join("");
      return nodes.length === 0 ? `<${tag}${list}/>` : `<${tag}${list}>${nodes.join("")}</${tag}>`;
    }),
  node: fc.oneof(
    { maxDepth: 4 },
    text.map(escape),
    fc.constantFrom("\r\n", "&#x1F600;", "<!-- a > b -->", "<?pi ?>", "<![CDATA[a ]] <b>]]>", "]]"),
    tie("document"),
  ),
}));

test("any way of cutting a document into chunks gives the same tokens", () => {
  fc.assert(
    fc.property(
      document,
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
      (xml, sizes) => {
        const bytes = Buffer.from(xml);
        expect(tokensOf(cut(bytes, sizes))).toEqual(tokensOf([bytes]));
      },
    ),
    { numRuns: 500 },
  );
});

describe("encodings", () => {
  const utf8 = async (bytes: Buffer): Promise<string> => {
    const chunks: Buffer[] = [];
    for await (const chunk of toUtf8(asStream(cut(bytes, [3])), "test.xml")) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  };
  const xml = '<?xml version="1.0"?><t>naïve 😀</t>';

  test.each([
    ["UTF-8", Buffer.from(xml)],
    ["UTF-8 with a byte order mark", Buffer.from(`\ufeff${xml}`)],
    ["UTF-16LE with a byte order mark", Buffer.from(`\ufeff${xml}`, "utf16le")],
    ["UTF-16LE", Buffer.from(xml, "utf16le")],
    ["UTF-16BE with a byte order mark", Buffer.from(`\ufeff${xml}`, "utf16le").swap16()],
    ["UTF-16BE", Buffer.from(xml, "utf16le").swap16()],
  ])("%s is read as UTF-8", async (_name, bytes) => {
    expect(await utf8(bytes)).toBe(xml);
  });

  test("another encoding is refused by its name", async () => {
    const latin1 = Buffer.from(
      '<?xml version="1.0" encoding="ISO-8859-1"?><t>caf\xe9</t>',
      "latin1",
    );
    await expect(utf8(latin1)).rejects.toThrow('in the encoding "ISO-8859-1"');
  });

  test("half a character of UTF-16 is refused", async () => {
    const bytes = Buffer.from(`\ufeff${xml}`, "utf16le").subarray(0, -1);
    await expect(utf8(bytes)).rejects.toThrow("not valid UTF-16");
  });
});

/** Chunks of these sizes, over and over, until all is cut. */
function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  for (let position = 0, turn = 0; position < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    chunks.push(bytes.subarray(position, position + size));
    position += size;
  }
  return chunks;
}

async function* asStream(chunks: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* chunks;
}
