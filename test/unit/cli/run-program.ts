import { spawn } from "node:child_process";
import { PassThrough, Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { runCli } from "../../../src/cli/cli.ts";
import type { CliContext } from "../../../src/cli/context.ts";

export interface Ran {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** The real program in a process of its own. */
export async function runProgram(
  args: readonly string[],
  { stdin = "", environment = {} }: { stdin?: string; environment?: Record<string, string> } = {},
): Promise<Ran> {
  const child = spawn(process.execPath, ["--import", "tsx", "src/main.ts", ...args], {
    cwd: ROOT,
    env: { ...process.env, ...environment },
    timeout: 30_000,
  });
  child.stdin.end(stdin);
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [stdout, stderr, exitCode] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    ended,
  ]);
  return { exitCode, stdout, stderr };
}

/** The same without a process: for the many small cases. */
export async function runInside(
  args: readonly string[],
  given: Partial<CliContext> = {},
): Promise<Ran> {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const exitCode = await runCli(args, {
    stdin: Readable.from([]),
    stdout,
    stderr,
    environment: {},
    version: "1.2.3",
    serve: () => Promise.reject(new Error("nothing is served here")),
    ...given,
  });
  stdout.end();
  stderr.end();
  return { exitCode, stdout: await text(stdout), stderr: await text(stderr) };
}
