import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: "test/support/build.ts",
    env: { BUCKETGRES_BUILT: fileURLToPath(new URL("dist", import.meta.url)) },
    // Tests start real servers and processes; these bounds only end a hang.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
