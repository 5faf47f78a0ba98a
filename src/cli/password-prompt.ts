import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { PgError } from "../core/pg-error.ts";
import type { CliContext } from "./context.ts";

/** Longer ones are a file that was piped by mistake. */
const LONGEST_PASSWORD_BYTES = 4096;

/** Asks twice and without echo on a terminal; else takes the first line of stdin. */
export function readPassword(context: CliContext): Promise<string> {
  return context.stdin.isTTY === true ? askTwice(context) : readLine(context.stdin);
}

async function askTwice({ stdin, stderr }: CliContext): Promise<string> {
  // readline turns the terminal's echo off and writes its own to its output, which leads nowhere.
  const output = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: stdin, output, terminal: true, historySize: 0 });
  const lines = terminal[Symbol.asyncIterator]();
  const ask = async (question: string): Promise<string> => {
    stderr.write(question);
    const line = await lines.next();
    stderr.write("\n");
    // Ctrl-C and Ctrl-D close the interface.
    if (line.done === true) throw new PgError("query_canceled", "no password was given");
    return line.value;
  };
  try {
    const password = await ask("Password: ");
    if (password === "" || (await ask("Again: ")) === password) return password;
  } finally {
    terminal.close();
  }
  throw new PgError("invalid_password", "the two passwords differ", {
    hint: "Start again and type the same password twice.",
  });
}

async function readLine(stdin: CliContext["stdin"]): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk);
    const end = bytes.indexOf("\n");
    chunks.push(end === -1 ? bytes : bytes.subarray(0, end));
    length += bytes.length;
    if (end !== -1 || length > LONGEST_PASSWORD_BYTES) break;
  }
  const line = Buffer.concat(chunks);
  if (line.length > LONGEST_PASSWORD_BYTES) {
    throw new PgError(
      "program_limit_exceeded",
      `the password on stdin is longer than ${LONGEST_PASSWORD_BYTES} bytes`,
    );
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(line).replace(/\r$/, "");
  } catch (cause) {
    throw new PgError("character_not_in_repertoire", "the password on stdin is not UTF-8", {
      cause,
    });
  }
}
