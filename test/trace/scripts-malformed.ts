import {
  bind,
  cstring,
  describe,
  execute,
  flush,
  int16,
  int32,
  message,
  parse,
  query,
  sync,
} from "../support/frontend.ts";
import { closed, inPieces, quiet, ready, readyTimes, type Script, script } from "./script.ts";
import { FAILING, run } from "./scripts-pipeline.ts";

const INVALID_UTF8 = Buffer.from([0x53, 0xff, 0xfe, 0x00]);
const CUT_UTF8 = Buffer.from([0x73, 0xc3, 0x00]);
const OVERLONG_UTF8 = Buffer.from([0xc0, 0x80, 0x00]);
const SURROGATE = Buffer.from([0xed, 0xa0, 0x80, 0x00]);
const count = (value: number): Buffer => int16(value);

/** Messages of the extended protocol that cannot be read; Sync makes good again. */
const MALFORMED: readonly (readonly [what: string, bytes: Buffer])[] = [
  ["Parse without a body", message("P")],
  ["Parse without the end of its name", message("P", Buffer.from("abc"))],
  ["Parse without a text", message("P", "")],
  ["Parse without the end of its text", message("P", "", Buffer.from("SELECT 1"))],
  ["Parse without a count", message("P", "", "SELECT 1")],
  ["Parse with half a count", message("P", "", "SELECT 1", Buffer.from([0]))],
  ["Parse with fewer types than it says", message("P", "", "SELECT 1", count(2), 23)],
  ["Parse with bytes behind it", message("P", "", "SELECT 1", count(0), Buffer.from([1]))],
  ["Parse with more types than it says", message("P", "", "SELECT 1", count(0), 23)],
  ["Parse of invalid UTF-8", message("P", "", INVALID_UTF8, count(0))],
  ["Parse of cut UTF-8", message("P", "", CUT_UTF8, count(0))],
  ["Parse of overlong UTF-8", message("P", "", OVERLONG_UTF8, count(0))],
  ["Parse of a surrogate", message("P", "", SURROGATE, count(0))],
  ["Parse with a name of invalid UTF-8", message("P", INVALID_UTF8, "SELECT 1", count(0))],
  ["Bind without a body", message("B")],
  ["Bind without a statement", message("B", "")],
  ["Bind without counts", message("B", "", "s")],
  ["Bind with fewer formats than it says", message("B", "", "s", count(3), count(0))],
  ["Bind without parameters", message("B", "", "s", count(0))],
  ["Bind with a cut value", message("B", "", "s", count(0), count(1), 5, Buffer.from("abc"))],
  ["Bind with a value of length -2", message("B", "", "s", count(0), count(1), -2)],
  ["Bind with a value of a huge length", message("B", "", "s", count(0), count(1), 0x7fffffff)],
  ["Bind without result formats", message("B", "", "s", count(0), count(0))],
  [
    "Bind with bytes behind it",
    message("B", "", "s", count(0), count(0), count(0), Buffer.from([0])),
  ],
  [
    "Bind with fewer result formats than it says",
    message("B", "", "s", count(0), count(0), count(2), count(0)),
  ],
  ["Describe without a body", message("D")],
  ["Describe without a name", message("D", Buffer.from("S"))],
  ["Describe of a kind X", message("D", Buffer.from("X"), "s")],
  ["Describe of a kind 0", message("D", Buffer.from([0]), "s")],
  ["Describe with bytes behind it", message("D", Buffer.from("S"), "s", Buffer.from("x"))],
  ["Execute without a body", message("E")],
  ["Execute without a limit", message("E", "")],
  ["Execute with bytes behind it", message("E", "", 0, Buffer.from([0]))],
  ["Close without a body", message("C")],
  ["Close of a kind X", message("C", Buffer.from("X"), "s")],
  ["Close with bytes behind it", message("C", Buffer.from("S"), "s", Buffer.from([0]))],
  ["Flush with a body", message("H", Buffer.from([0]))],
];

/** The same, of messages that are answered by ReadyForQuery themselves. */
const MALFORMED_ENDS: readonly (readonly [what: string, bytes: Buffer])[] = [
  ["Query without a body", message("Q")],
  ["Query without an end", message("Q", Buffer.from("SELECT 1"))],
  ["Query with bytes behind it", message("Q", "SELECT 1", Buffer.from("SELECT 2"))],
  ["Query with a zero byte in it", message("Q", Buffer.from("SELECT\0 1\0"))],
  ["Query of invalid UTF-8", message("Q", INVALID_UTF8)],
  [
    "Query of invalid UTF-8 in a literal",
    message("Q", Buffer.from("SELECT '\xe9t\xe9'\0", "latin1")),
  ],
  ["Query of cut UTF-8", message("Q", CUT_UTF8)],
  ["Query of overlong UTF-8", message("Q", OVERLONG_UTF8)],
  ["Query of a surrogate", message("Q", SURROGATE)],
];

/** FunctionCall's body: the OID of lower(), no formats, one argument, a text result. */
const lowerCall = (oid: number): Buffer =>
  message("F", oid, count(0), count(1), 3, Buffer.from("ABC"), count(0));

/** No message has these types; nor can anything behind them be trusted. */
const UNKNOWN_TYPES = [0x00, 0x01, 0x41, 0x52, 0x5a, 0x61, 0x7a, 0xff];

const COPY_MESSAGES: readonly (readonly [string, Buffer])[] = [
  ["CopyData", message("d", Buffer.from("1\tx\n"))],
  ["CopyDone", message("c")],
  ["CopyFail", message("f", "no more")],
];

export const MALFORMED_MESSAGES: readonly Script[] = [
  ...MALFORMED.map(([what, bytes]) =>
    script(
      what,
      ready(parse("SELECT 1", { name: "s" }), sync()),
      ready(bytes, run("SELECT 2"), sync()),
      ready(run("SELECT 3"), sync()),
    ),
  ),
  ...MALFORMED.filter((_, index) => index % 4 === 0).map(([what, bytes]) =>
    script(
      `${what}, in a transaction block`,
      ready(query("BEGIN")),
      ready(bytes, sync()),
      ready(query("SELECT 1")),
      ready(query("ROLLBACK")),
    ),
  ),
  ...MALFORMED_ENDS.map(([what, bytes]) => script(what, ready(bytes), ready(query("SELECT 1")))),
  ...MALFORMED_ENDS.slice(0, 4).map(([what, bytes]) =>
    script(
      `${what}, in a transaction block`,
      ready(query("BEGIN")),
      ready(bytes),
      ready(query("ROLLBACK")),
    ),
  ),
  script("Sync with a body", readyTimes(1, message("S", Buffer.from([0]))), ready(sync())),
  script(
    "a malformed message while messages are dropped",
    ready(parse("SELEC"), message("B"), message("D", Buffer.from("X")), sync()),
  ),
  script(
    "an invalid Query while messages are dropped",
    ready(parse("SELEC"), message("Q", INVALID_UTF8), sync()),
  ),
  ...UNKNOWN_TYPES.map((byte) =>
    script(
      `a message of type 0x${byte.toString(16)}`,
      closed(message(String.fromCharCode(byte), "x")),
    ),
  ),
  script(
    "a message of an unknown type behind a pipeline",
    closed(run("SELECT 1"), message("z", "x"), sync()),
  ),
  script(
    "a message of an unknown type while messages are dropped",
    closed(parse("SELEC"), message("z", "x"), sync()),
  ),
  script("a password that nobody asked for", closed(message("p", "secret"))),
  script("a length of 3", closed(Buffer.concat([Buffer.from("Q"), int32(3)]), query("SELECT 1"))),
  script("a length of 0", closed(Buffer.concat([Buffer.from("S"), int32(0)]))),
  script("a length of -1", closed(Buffer.concat([Buffer.from("P"), int32(-1)]))),
  script(
    "a Sync whose length is 100,000",
    closed(Buffer.concat([Buffer.from("S"), int32(100_000)])),
  ),
  script(
    "a Describe whose length is that of a large message",
    closed(Buffer.concat([Buffer.from("D"), int32(200_000)])),
  ),
  ...COPY_MESSAGES.map(([what, bytes]) =>
    script(
      `${what} outside of COPY`,
      quiet(bytes),
      ready(query("SELECT 1")),
      ready(bytes, run("SELECT 2"), bytes, sync()),
    ),
  ),
  script("Terminate behind a pipeline", closed(run("SELECT 1"), message("X"))),
  script("Terminate while messages are dropped", closed(parse("SELEC"), message("X"), sync())),
  script("Terminate in a transaction block", ready(query("BEGIN")), closed(message("X"))),
  script("FunctionCall", ready(lowerCall(870)), ready(query("SELECT 1"))),
  script("FunctionCall of an unknown function", ready(lowerCall(999999)), ready(query("SELECT 1"))),
  script(
    "FunctionCall in a transaction block",
    ready(query("BEGIN")),
    ready(lowerCall(999999)),
    ready(query("ROLLBACK")),
  ),
  script(
    "FunctionCall in a failed transaction",
    ready(query("BEGIN; SELECT 1/0")),
    ready(lowerCall(870)),
    ready(query("ROLLBACK")),
  ),
  script("FunctionCall without a body", ready(message("F")), ready(query("SELECT 1"))),
  script("FunctionCall while messages are dropped", ready(parse("SELEC"), lowerCall(870), sync())),
  script("byte by byte: Query", inPieces(1, ready(query("SELECT id FROM items WHERE id = 1")))),
  script(
    "byte by byte: a pipeline",
    inPieces(
      1,
      ready(parse("SELECT $1::int"), bind({ values: ["1"] }), describe("P"), execute(), sync()),
    ),
  ),
  script(
    "in pieces of 7 bytes: pipelines and queries",
    inPieces(
      7,
      readyTimes(3, run("SELECT 1"), sync(), query("SELECT 2"), run(FAILING), flush(), sync()),
    ),
  ),
  script(
    "Bind with a portal's name in invalid UTF-8",
    ready(parse("SELECT 1"), sync()),
    ready(message("B", INVALID_UTF8, "", count(0), count(0), count(0)), sync()),
  ),
  script(
    "a text parameter of invalid UTF-8",
    ready(
      parse("SELECT $1::text"),
      bind({ values: [Buffer.from([0xff, 0x41])] }),
      execute(),
      sync(),
    ),
  ),
  script(
    "a text parameter with a zero byte",
    ready(parse("SELECT $1::text"), bind({ values: [Buffer.from("a\0b")] }), execute(), sync()),
  ),
  script(
    "a text parameter of invalid UTF-8, of a table",
    ready(
      parse("SELECT id FROM items WHERE name = $1"),
      bind({ values: [Buffer.from([0xff, 0x41])] }),
      execute(),
      sync(),
    ),
  ),
  script(
    "a binary text parameter with a zero byte, of a table",
    ready(
      parse("SELECT id FROM items WHERE name = $1"),
      bind({ values: [Buffer.from("a\0b")], parameterFormats: [1] }),
      execute(),
      sync(),
    ),
  ),
  script(
    "Parse with a text of nothing but a zero byte",
    ready(message("P", cstring(""), cstring(""), count(0)), bind(), execute(), sync()),
  ),
];
