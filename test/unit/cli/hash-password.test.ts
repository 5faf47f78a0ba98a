import { PassThrough, Readable } from "node:stream";
import { expect, test } from "vitest";
import { deriveVerifier, readVerifier, verifierText } from "../../../src/auth/scram-verifier.ts";
import { runInside, runProgram } from "./run-program.ts";

async function expectVerifierOf(password: string, printed: string) {
  const verifier = readVerifier(printed.trimEnd());
  expect(verifier).toBeDefined();
  const { salt, iterations } = verifier ?? { salt: Buffer.alloc(0), iterations: 0 };
  expect(printed).toBe(`${verifierText(await deriveVerifier(password, { salt, iterations }))}\n`);
}

test("the program prints the verifier of the piped password and nothing else", async () => {
  const ran = await runProgram(["hash-password"], { stdin: "pencil\n" });

  expect(ran).toMatchObject({ exitCode: 0, stderr: "" });
  expect(ran.stdout).toMatch(/^SCRAM-SHA-256\$4096:/);
  await expectVerifierOf("pencil", ran.stdout);
});

test.each([
  ["a line without its end", ["pencil"], "pencil"],
  ["a line from Windows", ["pencil\r\n"], "pencil"],
  ["only the first line", ["pencil\nand more\n"], "pencil"],
  [
    "a line in several chunks, cut inside a character",
    ["Gr\u00c3", "\u00bc\u00c3\u009fe\n"],
    "Grüße",
  ],
  ["spaces", [" a b \n"], " a b "],
])("from a pipe it takes %s", async (_, chunks, password) => {
  const stdin = Readable.from(chunks.map((chunk) => Buffer.from(chunk, "latin1")));

  const ran = await runInside(["hash-password"], { stdin });

  expect(ran).toMatchObject({ exitCode: 0, stderr: "" });
  await expectVerifierOf(password, ran.stdout);
});

test("--iterations is how often it hashes", async () => {
  const stdin = Readable.from([Buffer.from("pencil\n")]);

  const ran = await runInside(["hash-password", "--iterations", "10000"], { stdin });

  expect(ran.stdout).toMatch(/^SCRAM-SHA-256\$10000:/);
  await expectVerifierOf("pencil", ran.stdout);
});

test.each([
  ["nothing", Buffer.alloc(0), "the password is empty"],
  ["an empty line", Buffer.from("\npencil\n"), "the password is empty"],
  ["a file", Buffer.alloc(10_000, "x"), "longer than 4096 bytes"],
  ["bytes that are not UTF-8", Buffer.from([0xff, 0x0a]), "is not UTF-8"],
  ["a verifier", Buffer.from("SCRAM-SHA-256$4096:a$b:c\n"), "this is a verifier already"],
  ["an MD5 hash", Buffer.from("md55a231fcdb710d73268c4f44283487ba2"), "is an MD5 hash"],
])("%s on stdin is refused with exit code 1", async (_, bytes, message) => {
  const ran = await runInside(["hash-password"], { stdin: Readable.from([bytes]) });

  expect(ran).toMatchObject({ exitCode: 1, stdout: "" });
  expect(ran.stderr).toContain(message);
});

/** As a terminal does, it hands over what is typed as it comes. */
function terminal() {
  const modes: boolean[] = [];
  const keyboard = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: (raw: boolean) => modes.push(raw),
  });
  return { keyboard, modes };
}

test("on a terminal it asks twice and shows nothing of the password", async () => {
  const { keyboard, modes } = terminal();
  keyboard.write("pencl\u007fil\rpencil\r");

  const ran = await runInside(["hash-password"], { stdin: keyboard });

  expect(ran).toMatchObject({ exitCode: 0, stderr: "Password: \nAgain: \n" });
  await expectVerifierOf("pencil", ran.stdout);
  expect(modes).toEqual([true, false]);
});

test.each([
  ["two different passwords", "pencil\rpencel\r", "the two passwords differ"],
  ["Ctrl-C", "pen\u0003", "no password was given"],
  ["Ctrl-D", "\u0004", "no password was given"],
  ["nothing", "\r", "the password is empty"],
])("on a terminal %s end it with exit code 1", async (_, typed, message) => {
  const { keyboard, modes } = terminal();
  keyboard.write(typed);

  const ran = await runInside(["hash-password"], { stdin: keyboard });

  expect(ran).toMatchObject({ exitCode: 1, stdout: "" });
  expect(ran.stderr).toContain(message);
  expect(modes).toEqual([true, false]);
});
