/** What COPY FROM STDIN is sent, and into which table. PostgreSQL's answers are recorded beside it. */
export interface CopyInCase {
  /** A key of COPY_TABLES. */
  readonly table: keyof typeof COPY_TABLES;
  /** Text is sent as UTF-8. */
  readonly data: string | Buffer;
}

/** Types that both databases write alike. */
export const COPY_TABLES = {
  t: "a integer, b varchar, c numeric(5,2)",
  one: "a varchar",
  two: "a varchar, b varchar",
  nn: "a integer NOT NULL, b varchar NOT NULL",
  numbers: "i2 smallint, i8 bigint, n numeric(20,4), n9 numeric(9,3), f8 double precision, f4 real",
  times: "d date, t time, ts timestamp, tz timestamptz, iv interval",
  others: "ok boolean, id uuid, bin bytea, js json, ia integer[], ta varchar[]",
} as const;

const text = (table: CopyInCase["table"], data: string): [CopyInCase["table"], string, string] => [
  table,
  "",
  data,
];
const csv = (
  table: CopyInCase["table"],
  data: string | Buffer,
  options = "",
): [CopyInCase["table"], string, string | Buffer] => [
  table,
  `FORMAT csv${options && `, ${options}`}`,
  data,
];
const option = (
  table: CopyInCase["table"],
  options: string,
  data: string | Buffer,
): [CopyInCase["table"], string, string | Buffer] => [table, options, data];

/** Table, options and data. */
export const COPY_IN_CASES: readonly (readonly [CopyInCase["table"], string, string | Buffer])[] = [
  // Lines.
  text("t", "1\tx\t2.5\n2\ty\t3\n"),
  text("t", "1\tx\t2.5\n2\ty\t3"),
  text("t", ""),
  text("t", "\n"),
  text("one", "\n\n"),
  text("one", "a\r\nb\r\n"),
  text("one", "a\rb\r"),
  text("one", "a\rb"),
  text("one", "a\nb\r\n"),
  text("one", "a\nb\rc\n"),
  text("one", "a\r\nb\n"),
  text("one", "a\r\nb\rc\r\n"),
  text("one", "a\rb\nc"),
  text("one", "a\r"),
  text("one", "a\\\nb\nc\n"),
  text("one", "a\\\r\nb\n"),
  text("one", "a\\"),
  text("one", "a\\\\\n"),
  text("one", "a\n\\.\nrest\tof\tit"),
  text("one", "a\n\\."),
  text("one", "a\n\\.x\n"),
  text("one", "a\\.\nb\n"),
  text("one", "a\r\n\\.\n"),
  text("one", "a\r\n\\.\r\nb"),
  text("one", "a\r\n\\.x"),
  text("one", "a\n\\.\r\n"),
  text("one", "a\r\\.\rb"),
  text("one", "\\.\n"),
  text("one", "\\\\.\nb\n"),
  // Escapes and NULL.
  text("one", "\\N\n\\\\N\nN\n\n"),
  text("one", "\\b\\f\\n\\r\\t\\v\\q\\\\\n"),
  text("one", "\\101\\x41\\x4\\x\\12\\1018\\xg\\600\n"),
  text("one", "\\xc3\\xa4\\303\\244\n"),
  text("one", "ok\n\\xe4\n"),
  text("one", "ok\n\\0\n"),
  text("two", "a\\\tb\tc\n"),
  text("two", "\t\n"),
  text("two", "\\N\t\\N\n"),
  option("two", "DELIMITER '|', NULL ''", "a\\|b|\n||\n"),
  option("two", "DELIMITER '|', NULL ''", "|\n\\N|x\n"),
  option("two", "NULL 'NULL'", "NULL\t\\NULL\n"),
  option("two", "NULL 'ä'", "ä\tää\n"),
  option("two", "HEADER", "x\n1\t2\n"),
  option("two", "HEADER match", "a\tb\n1\t2\n"),
  option("two", "HEADER match", "a\tc\n1\t2\n"),
  option("two", "HEADER match", "a\n1\t2\n"),
  option("two", "HEADER match", "a\t\\N\n1\t2\n"),
  option("two", "HEADER match", "a\tb\tc\n1\t2\n"),
  option("two", "HEADER", "x"),
  // Wrong rows.
  text("t", "1\tx\t2\nq\ty\t3\n"),
  text("t", "1\tx\t2\n2\ty\n"),
  text("t", "1\tx\t2\n2\ty\t3\t4\n"),
  text("t", "1\n"),
  text("t", "1\tx\t2\n\n"),
  text("t", "\tx\t2\n"),
  text("t", `1\tx\t${"9".repeat(120)}\n`),
  text("t", `1\t${"ä".repeat(60)}\n`),
  text("t", "1\tx\t1234.5\n"),
  text("t", "1\tx\t1.005\n2\tx\t-1.005\n3\tx\t999.994\n"),
  text("t", "1\tx\t999.995\n"),
  text("t", "2147483648\tx\t1\n"),
  text("t", " 12 \tx\t 1.5 \n-0\ty\t-.5\n+7\tz\t5.\n"),
  text("t", "1\tx\t1e2\n"),
  text("nn", "1\tx\n2\t\\N\n"),
  text("nn", "\\N\tx\n"),
  csv("nn", "1,x\n,y\n"),
  // Bytes that are no UTF-8.
  option("one", "", Buffer.from("ok\nM\xfcller\n", "latin1")),
  option("one", "", Buffer.from("ok\n\xc3\n", "latin1")),
  option("one", "", Buffer.from("ok\na\0b\n", "latin1")),
  option("one", "", Buffer.from("\xf0\x9f\x98\x80\n\xf0\x9f\x98\n", "latin1")),
  option("one", "ENCODING 'LATIN1'", Buffer.from("M\xfcller \x80\n", "latin1")),
  option("one", "ENCODING 'LATIN9'", Buffer.from("10 \xa4 \xbd\n", "latin1")),
  option("one", "ENCODING 'WIN1252'", Buffer.from("10 \x80 \x84\n", "latin1")),
  option("one", "ENCODING 'WIN1252'", Buffer.from("a\n\x81\n", "latin1")),
  option("one", "ENCODING 'SQL_ASCII'", "größer 😀\n"),
  text("one", "größer 😀\n"),
  // csv.
  csv("two", 'a,b\n"a,b","say ""hi"""\n'),
  csv("two", '"two\nlines",x\n"",\n,""\n'),
  csv("two", '"two\r\nlines",x\r\n"a\nb",y\r\n'),
  csv("two", 'a"b"c,d""e\n'),
  csv("two", '"unterminated,x\n'),
  csv("two", '"a\nb",x\n"c\n\nd",y,z\n'),
  csv("two", "a,b\r\nc,d\ne,f\r\n"),
  csv("two", "a,b\nc\r,d\n"),
  csv("one", "a\n\\.\nb\n"),
  csv("one", "a\n\\.x\nb\n"),
  csv("one", "\\."),
  csv("one", '"\\."\nb\n'),
  csv("one", "a\r\n\\.\n\\.\r\nb\r\n"),
  csv("one", "a\\\nb\\n\n"),
  csv("two", "a;b\nNULL;'it''s'\n", "DELIMITER ';', NULL 'NULL', QUOTE ''''"),
  csv("two", '"a\\"b","c\\\\d"\n"e\\f",g\\"h"\n', "ESCAPE '\\'"),
  csv("two", '"x\\\\",y\n', "ESCAPE '\\'"),
  csv("two", "a,b\n1,2\n", "HEADER"),
  csv("two", "a,b\n1,2\n", "HEADER match"),
  csv("two", '"a","B"\n1,2\n', "HEADER match"),
  csv("two", "a,\n1,2\n", "HEADER match"),
  csv("two", '"h\nead",b\n1,2\nx\n', "HEADER"),
  csv("two", ',\n"",""\nNULL,"NULL"\n', "FORCE_NOT_NULL (a)"),
  csv("two", ',\n"",""\nx,"x"\n', "FORCE_NULL (a, b)"),
  csv("two", ',\n"",""\n', "FORCE_NULL (a), FORCE_NOT_NULL (a)"),
  csv("two", "a,b,\n"),
  csv("two", "a\n"),
  csv("t", '1,"x",""\n'),
  csv("t", '"1","x",2\n,,\n'),
  csv("two", 'a,"b" \n'),
  csv("two", "\\a\\,b\\\n", "QUOTE '\\'"),
  // Values.
  text(
    "numbers",
    "1\t2\t3.5\t4.25\t1.5e3\t0.1\n-32768\t-9223372036854775808\t-1.00005\t-0.0005\t-0\t-1e-3\n",
  ),
  text("numbers", "32767\t9223372036854775807\t9999999999999999.9999\t999999.999\tinfinity\tNaN\n"),
  text("numbers", "\\N\t\\N\t\\N\t\\N\t\\N\t\\N\n0\t0\t0\t0\t0\t0\n"),
  text("numbers", "0\t0\t.00005\t1234567.8901\t1\t1\n"),
  text("numbers", "32768\t0\t0\t0\t0\t0\n"),
  text("numbers", "0\t9223372036854775808\t0\t0\t0\t0\n"),
  text("numbers", "0\t0\t0\t0\t1e400\t0\n"),
  text("numbers", "0\t0\t0\t0\t0\t1e40\n"),
  text("numbers", "0\t0\t0\t0\t1e-400\t0\n"),
  text("numbers", "0\t0\tx\t0\t0\t0\n"),
  text("numbers", "0\t0\t\t0\t0\t0\n"),
  text("numbers", "1.5\t0\t0\t0\t0\t0\n"),
  text(
    "times",
    "2024-02-29\t12:34:56.789\t2024-02-29 12:34:56\t2024-02-29 12:34:56+02\t1 year 2 days 03:04:05\n" +
      "1969-12-31\t00:00:00\t1969-12-31T23:59:59.999999\t1969-12-31 23:59:59.5-05:30\t-1 day\n" +
      "infinity\t24:00:00\t-infinity\tinfinity\t00:00:00\n" +
      "20240131\t1:02\t2024-01-31\t2024-01-31\t1 mon\n" +
      "2024-12-31\t23:59:59.9\t0044-03-15 01:02:03 BC\t2300-01-01 00:00:00+00\t\\N\n",
  ),
  text("times", "2023-02-29\t\\N\t\\N\t\\N\t\\N\n"),
  text("times", "\\N\t25:00:00\t\\N\t\\N\t\\N\n"),
  text("times", "\\N\t\\N\t2024-02-30 00:00:00\t\\N\t\\N\n"),
  text("times", "\\N\t\\N\tnot a time\t\\N\t\\N\n"),
  text("times", "\\N\t\\N\t\\N\t\\N\tforever\n"),
  text(
    "others",
    'true\ta0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\t\\\\xdeadbeef\t{"a": [1, 2]}\t{1,2,NULL}\t{a,"b c",NULL,"NULL"}\n' +
      "f\t{a0eebc999c0b4ef8bb6d6bb9bd380a11}\tab\\\\\\\\c\\\\001\tnull\t{}\t{}\n" +
      'off\t\\N\t\\\\x\t1.50\t\\N\t\\N\nyes\t\\N\t\\N\t\\N\t\\N\t{""}\n',
  ),
  text("others", "maybe\t\\N\t\\N\t\\N\t\\N\t\\N\n"),
  text("others", "\\N\tnope\t\\N\t\\N\t\\N\t\\N\n"),
  text("others", "\\N\t\\N\t\\\\xzz\t\\N\t\\N\t\\N\n"),
  text("others", "\\N\t\\N\t\\N\t\\N\t{1,x}\t\\N\n"),
  // Binary: the parts of its format, and what may be wrong with each.
  ...binaryCases(),
];

function binaryCases(): [CopyInCase["table"], string, Buffer][] {
  const signature = "5047434f50590aff0d0a00";
  const header = `${signature}0000000000000000`;
  const row = "0003000000040000000700000002c3a4ffffffff";
  const nulls = `0003${"ffffffff".repeat(3)}`;
  const numeric = "0003ffffffffffffffff0000000c000200000000000200010dac";
  const one = "50474350";
  const hexes: readonly [CopyInCase["table"], string][] = [
    ["t", header],
    ["t", `${header}${row}${nulls}ffff`],
    ["t", `${header}${row}`],
    ["t", `${header}${numeric}ffff`],
    ["t", `${header}${row}ffff00`],
    ["t", `${header}${row}ff`],
    ["t", `${signature}0000000000000003616263${row}ffff`],
    ["t", `${signature}0000000000000003`],
    ["t", `${signature}00000000ffffffff`],
    ["t", `${signature}000000`],
    ["t", `${signature}00000000`],
    ["t", `${signature}0001000000000000`],
    ["t", `${signature}8000000000000000`],
    ["t", `${signature}0000000100000000${row}ffff`],
    ["t", one],
    ["t", ""],
    ["t", `${header}0002`],
    ["t", `${header}000300`],
    ["t", `${header}0003fffffffe`],
    ["t", `${header}000300000004`],
    ["t", `${header}00030000000400`],
    ["t", `${header}0003000000050000000700`],
    ["t", `${header}00030000000300000700`],
    ["t", `${header}0003ffffffff00000001e4ffffffff`],
  ];
  return hexes.map(([table, hex]) => [table, "FORMAT binary", Buffer.from(hex, "hex")]);
}
