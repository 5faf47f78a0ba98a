#!/usr/bin/env node
import { runCli } from "./cli/cli.ts";
import { packageVersion } from "./cli/version.ts";

// Whoever reads our output may stop early, as `head` does.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

const exitCode = await runCli(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  environment: process.env,
  version: packageVersion(),
  serve: async (options) => (await import("./gateway.ts")).startGateway(options),
});

// Idle sockets to a store would keep the process; what is written must be out before it ends.
process.stdout.write("", () => process.exit(exitCode));
