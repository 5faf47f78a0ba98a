import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { COMMANDS } from "../../../src/cli/cli.ts";
import { PgError } from "../../../src/core/pg-error.ts";
import { runInside, runProgram } from "./run-program.ts";

test("the program shows its help and exits with 0", async () => {
  const ran = await runProgram(["--help"]);

  expect(ran).toMatchObject({ exitCode: 0, stderr: "" });
  for (const name of Object.keys(COMMANDS)) expect(ran.stdout).toContain(`\n  ${name} `);
});

test("the program shows its version", async () => {
  const ran = await runProgram(["--version"]);

  expect(ran).toMatchObject({ exitCode: 0, stderr: "" });
  expect(ran.stdout).toMatch(/^bucketgres \d+\.\d+\.\d+\n$/);
});

test("the program exits with 2 when the command line is wrong", async () => {
  expect(await runProgram(["serv"])).toEqual({
    exitCode: 2,
    stdout: "",
    stderr: 'bucketgres: unknown command "serv"; did you mean "serve"?\n  See: bucketgres --help\n',
  });
});

test("without a command the help goes to stderr and the exit code is 2", async () => {
  const ran = await runInside([]);

  expect(ran).toMatchObject({ exitCode: 2, stdout: "" });
  expect(ran.stderr).toContain("Usage: bucketgres COMMAND");
});

describe.each(Object.entries(COMMANDS))("%s --help", (name, command) => {
  test.each(["--help", "-h"])(
    "%s names every option, shows an example and exits with 0",
    async (flag) => {
      const ran = await runInside([name, flag]);

      expect(ran).toMatchObject({ exitCode: 0, stderr: "" });
      for (const option of command.options) expect(ran.stdout).toContain(`\n  --${option} `);
      expect(ran.stdout).toContain(`\nExample: bucketgres ${name}`);
      expect(ran.stdout.split("\n").every((line) => line.length <= 100)).toBe(true);
    },
  );

  test("its example is a command line that it takes", async () => {
    const ran = await runInside([...command.example.split(" "), "--help"]);

    expect(ran).toMatchObject({ exitCode: 0, stderr: "" });
  });
});

test.each([
  [["__proto__"], 'unknown command "__proto__"'],
  [["check", "--jsn"], 'unknown option "--jsn"; did you mean "--json"?'],
  [["check", "--port", "1"], 'unknown option "--port"'],
  [["--verion"], 'unknown option "--verion"; did you mean "--version"?'],
  [["check", "demo"], 'unexpected argument "demo"'],
  [["check", "--", "demo"], 'unexpected argument "demo"'],
  [["check", "--workspace"], "--workspace needs a value: --workspace W"],
  [["check", "--workspace", "--json"], "--workspace needs a value: --workspace W"],
  [["check", "--workspace="], "--workspace needs a value: --workspace W"],
  [["check", "--json=yes"], "--json takes no value"],
  [["check", "--json", "--json"], "--json is given twice"],
  [["check", "-x"], 'unknown option "-x"'],
  [["serve", "--port", "x"], '--port is "x"'],
  [["serve", "--port", "65536"], '--port is "65536"'],
  [["serve", "--http-port", "1.5"], '--http-port is "1.5"'],
  [["serve", "--log-level", "loud"], '--log-level is "loud"'],
  [["hash-password", "--iterations", "4095"], '--iterations is "4095"'],
])("%j is refused with exit code 2, in two lines that name the cure", async (args, message) => {
  const ran = await runInside(args);

  expect(ran).toMatchObject({ exitCode: 2, stdout: "" });
  expect(ran.stderr).toContain(`bucketgres: ${message}`);
  expect(ran.stderr).toMatch(/^[^\n]+\n {2}[^\n]+\n$/);
});

async function serveThatFails(error: unknown, ...flags: readonly string[]) {
  const folder = await mkdtemp(join(tmpdir(), "bucketgres-cli-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, "catalog"));
  await writeFile(join(folder, "bucketgres.yaml"), "");
  const config = join(folder, "bucketgres.yaml");
  return runInside(["serve", "--config", config, ...flags], {
    serve: async () => {
      throw error;
    },
  });
}

test("what fails is exit code 1 with the error and its cure, without a stack", async () => {
  const error = new PgError("system_error", "cannot listen on 127.0.0.1:5433", {
    detail: "another process has it",
    hint: "Choose another with --port.",
  });

  expect(await serveThatFails(error)).toEqual({
    exitCode: 1,
    stdout: "",
    stderr:
      "bucketgres: cannot listen on 127.0.0.1:5433 (another process has it)\n  Choose another with --port.\n",
  });
});

test("a bug is exit code 1, and says how to see where", async () => {
  const ran = await serveThatFails(new TypeError("x is not a function"));

  expect(ran).toEqual({
    exitCode: 1,
    stdout: "",
    stderr:
      "bucketgres: x is not a function\n  Run it again with --log-level debug to see where.\n",
  });
});

test("with --log-level debug the stack is shown, with the stack of the cause", async () => {
  const error = new Error("outer", { cause: new TypeError("inner") });

  const ran = await serveThatFails(error, "--log-level", "debug");

  expect(ran.exitCode).toBe(1);
  expect(ran.stderr).toMatch(
    /^bucketgres: outer\nError: outer\n {4}at .*caused by TypeError: inner\n/s,
  );
});

test("a secret in an error is not printed", async () => {
  const ran = await serveThatFails(new Error("cannot reach postgres://ana:hunter2@db/x"));

  expect(ran.stderr).toContain("cannot reach");
  expect(ran.stderr).not.toContain("hunter2");
});
