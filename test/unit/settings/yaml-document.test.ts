import { describe, expect, test } from "vitest";
import { z } from "zod";
import { DURATION } from "../../../src/settings/scalars.ts";
import { YamlDocument } from "../../../src/settings/yaml-document.ts";
import { marked } from "./marked-text.ts";

const schema = z.strictObject({
  name: z.string().optional(),
  port: z.int().optional(),
  on: z.boolean().optional(),
  wait: DURATION.optional(),
  list: z.array(z.string()).optional(),
  mode: z.enum(["reject", "fail"]).optional(),
  nested: z.record(z.string(), z.strictObject({ delimiter: z.string() })).optional(),
});

function read(text: string, environment: Record<string, string> = {}) {
  return new YamlDocument({ file: "/f.yaml", text, environment, schema });
}

describe("a mistake is told at its line and column", () => {
  test.each([
    ["name: a\n«prot: 5", 'unknown key "prot"; did you mean "port"?'],
    ["«zzz: 5", 'unknown key "zzz"'],
    ["nested: { a: { «delimeter: x } }", 'unknown key "delimeter"; did you mean "delimiter"?'],
    ["nested:\n  «a: {}", 'missing key "delimiter" in "a"'],
    ["nested:\n  a: «5", "a: expected a mapping (key: value), got 5"],
    ["wait: «soon", 'wait: expected a duration such as 30s (ms, s, m, h, d), got "soon"'],
    ["wait: «[30s]", "wait: expected a duration such as 30s (ms, s, m, h, d), got a list"],
    ["port: «x", 'port: expected a number, got "x"'],
    ["port: «1.5", "port: expected a whole number, got 1.5"],
    ["on: «yes", 'on: expected true or false, got "yes"'],
    ["name: «2024", "name: expected text, got 2024"],
    ["list: [a, «5]", "list: expected text, got 5"],
    ["list:\n  - a\n  - «{ b: c }", "list: expected text, got a mapping"],
    ["list: «a", 'list: expected a list such as [a, b], got "a"'],
    ["mode: «rejct", 'mode: expected one of "reject", "fail", got "rejct"; did you mean "reject"?'],
    ["name: a\non: true\n«name: b", 'duplicate key "name"; it is in line 1 already'],
    ["name: «${NOPE}", "the environment variable NOPE is not set"],
    ['name: "a\\tb «${NOPE}"', "the environment variable NOPE is not set"],
    ["name: |\n  one\n  two «${NOPE}", "the environment variable NOPE is not set"],
    ["name: «${1x}", 'no name and "}" follow this "${"; write $${ for the text itself'],
    ["nested: { a: { delimiter: «${NOPE} } }", "the environment variable NOPE is not set"],
    ["name: «*nobody", "no anchor before it has this name; text that starts with * needs quotes"],
    ["name: «!secret x", "tags are not supported; text that starts with ! needs quotes"],
    ["name: «@x", "text that starts with this character needs quotes"],
    ["name: «a b: c", "a second key in one line; text with a colon and a space needs quotes"],
    ["name:\n«\tport: 5", "tabs cannot indent; use spaces"],
    ["name: a\n«--- b", "a file holds one document; remove the second ---"],
    ["«- a", "expected a mapping (key: value), got a list"],
    ["\uFEFF«zzz: 5", 'unknown key "zzz"'],
    ["name: ä 👍\r\n«zzz: 5", 'unknown key "zzz"'],
  ])("%j", (withMark, message) => {
    const { text, line, column } = marked(withMark.replace("\uFEFF", ""));
    const document = read(withMark.startsWith("\uFEFF") ? `\uFEFF${text}` : text);
    expect(document.problems).toEqual([
      expect.objectContaining({ file: "/f.yaml", line, column, message }),
    ]);
  });
});

test("all mistakes are told at once, and the rest can still be used", () => {
  const document = read("name: a\nport: x\nzzz: 1\nnested:\n  a: { delimiter: ; }\n  b: {}\n");
  expect(new Set(document.problems.map(({ line }) => line))).toEqual(new Set([2, 3, 6]));
  expect(document.value).toEqual({ name: "a", nested: { a: { delimiter: ";" } } });
});

test("a misspelt key that is required is told once", () => {
  expect(read("nested: { a: { delimiterr: x } }").problems).toHaveLength(1);
});

test("an unknown key without a near one lists those that are known", () => {
  const [problem] = read("zzz: 1").problems;
  expect(problem?.hint).toBe("Known here: name, port, on, wait, list, mode, nested.");
});

describe("variables", () => {
  test("become what the schema asks for, where they stand without quotes", () => {
    const environment = { PORT: "5433", ON: "true", NAME: "0042", WAIT: "5m" };
    const text = "port: ${PORT}\non: ${ON}\nname: ${NAME}\nwait: ${WAIT}\nlist: [${NAME}, a]";
    expect(read(text, environment).value).toEqual({
      port: 5433,
      on: true,
      name: "0042",
      wait: 300_000,
      list: ["0042", "a"],
    });
  });

  test("have a default, which is also taken for an empty variable", () => {
    expect(read("name: ${A:-x y}/${B:-z}", { B: "" }).value).toEqual({ name: "x y/z" });
    expect(read("name: a${A}b", { A: "" }).value).toEqual({ name: "ab" });
    expect(read("port: ${PORT:-}").value).toEqual({});
  });

  test("need no quotes between braces and brackets, whatever their default holds", () => {
    const text = "{ name: ${A}, list: [x, ${A}, ${B:-a, [b]: c} ] }";
    expect(read(text, { A: "{1}" }).value).toEqual({
      name: "{1}",
      list: ["x", "{1}", "a, [b]: c"],
    });
  });

  test("leave private characters as they are", () => {
    expect(read('name: "\uE041${A}"', { A: "\uE042" }).value).toEqual({ name: "\uE041\uE042" });
  });

  test("are left alone behind a second dollar sign", () => {
    expect(read("name: $${A} $$ $1 $").value).toEqual({ name: "${A} $$ $1 $" });
  });

  test("never have their value shown", () => {
    const { problems } = read("port: ${PORT}", { PORT: "hunter2" });
    expect(problems[0]?.message).toBe("port: expected a number, got the value of ${PORT}");
  });

  test("that are not set make no second problem of the value's type", () => {
    expect(read("port: ${PORT}").problems).toHaveLength(1);
  });

  test("tell whether a text stands in the file", () => {
    const document = read("name: ${A:-x}\nlist: [a]\nmode: ${MODE}", { MODE: "fail" });
    expect(document.isWrittenOut(["name"])).toBe(true);
    expect(document.isWrittenOut(["mode"])).toBe(false);
  });
});

test("a key without a value counts as absent, or as an empty mapping", () => {
  const { problems } = read("name:\nnested:\n  a:\nlist:\nport: ~");
  expect(problems.map(({ message }) => message)).toEqual(['missing key "delimiter" in "a"']);
  expect(read("").value).toEqual({});
  expect(read("# nothing\n").value).toEqual({});
});

test("in braces a text may hold commas, though YAML would make keys of what follows them", () => {
  const text =
    "{ nested: { a: { delimiter: Net, in euro, # or so\n    ${A} or less } }, name: f(1,2) }";
  expect(read(text, { A: "5" }).value).toEqual({
    nested: { a: { delimiter: "Net, in euro, 5 or less" } },
    name: "f(1,2)",
  });
  expect(read('{ name: "quoted", rest }').problems).toMatchObject([{ column: 19 }]);
  expect(read("{ on: true, rest }").problems).toMatchObject([{ column: 13 }]);
});

test("YAML 1.2 is read: off is text, and a leading zero is no octal", () => {
  expect(read("name: off").value).toEqual({ name: "off" });
  expect(read("port: 010").value).toEqual({ port: 10 });
});

test("keys are text, whatever they look like", () => {
  const document = read("nested:\n  2024: { delimiter: a }\n  null: { delimiter: b }\n");
  expect(document.value).toEqual({
    nested: { 2024: { delimiter: "a" }, null: { delimiter: "b" } },
  });
});

describe("a secret appears in no problem, in whatever place it was written", () => {
  test.each([
    "nested: { a: hunter2 }",
    "nested: { a: [hunter2] }",
    "nested: { a: { delimiter: 5, hunter2 } }",
    "nested: { a: *hunter2 }",
    "nested: { a: !hunter2 x }",
    "nested: { a: { delimiter: hunter2: x } }",
    'nested: { a: "\\hunter2" }',
    "nested: { a: ${hunter2 } }",
    "nested: { a: @hunter2 }",
    "nested: { a: 'hunter2 }",
  ])("%j", (text) => {
    const isSecret = (path: readonly unknown[]): boolean => path[0] === "nested";
    const document = new YamlDocument({ file: "/f", text, environment: {}, schema, isSecret });
    expect(document.problems).not.toEqual([]);
    const said = document.problems.map(({ message, hint }) => `${message} ${hint}`);
    expect(said.join("\n")).not.toContain("hunter2");
  });
});

describe("what would take the process down is refused", () => {
  test.each(["[", "- ", "{ a: ", "? "])("%j ten thousand times", (opening) => {
    const { problems } = read(opening.repeat(10_000));
    expect(problems).toEqual([
      expect.objectContaining({ line: 1, message: "nested more than 32 levels deep" }),
    ]);
  });

  test("aliases that multiply", () => {
    const levels = Array.from({ length: 12 }, (_, level) => {
      const below = level === 0 ? "x" : `*l${level - 1}`;
      return `l${level}: &l${level} [${Array(10).fill(below).join(", ")}]`;
    });
    const document = read(levels.join("\n"));
    expect(document.problems).toContainEqual(
      expect.objectContaining({ message: "aliases make this file too large" }),
    );
    expect(document.value).toBeUndefined();
  });

  test("an alias of what holds it", () => {
    expect(read("list: &a [*a]").problems).toContainEqual(
      expect.objectContaining({ line: 1, column: 11 }),
    );
  });

  test("a key that would change every object", () => {
    expect(read("__proto__: { polluted: true }").problems).toHaveLength(1);
    expect(Object.prototype).not.toHaveProperty("polluted");
  });
});

test("an alias stands for its anchor, and a mistake in it is told where it was written", () => {
  const document = read("nested:\n  a: &d { delimiter: 5 }\n  b: *d");
  expect(document.problems.map(({ line, column }) => [line, column])).toEqual([
    [2, 22],
    [2, 22],
  ]);
});
