import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { vi } from "vitest";
import type { ServerCredentials } from "./s3-server/signature.ts";

/** Nothing of this machine's own: neither credentials nor a region. Undone by `vi.unstubAllEnvs()`. */
export function withoutAwsConfiguration(): void {
  for (const name of [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_PROFILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
  ]) {
    vi.stubEnv(name, undefined);
  }
  vi.stubEnv("AWS_CONFIG_FILE", "/nonexistent/config");
  vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials");
  vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
}

export interface CredentialsEndpoint extends AsyncDisposable {
  /** How often it was asked. */
  readonly asked: number;
}

/** What ECS, EKS and Greengrass run beside a program, found by AWS_CONTAINER_CREDENTIALS_FULL_URI. */
export async function startCredentialsEndpoint(
  current: () => ServerCredentials,
  validForMs: (asked: number) => number,
): Promise<CredentialsEndpoint> {
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    const { accessKeyId, secretAccessKey, sessionToken } = current();
    response.setHeader("content-type", "application/json").end(
      JSON.stringify({
        AccessKeyId: accessKeyId,
        SecretAccessKey: secretAccessKey,
        Token: sessionToken,
        Expiration: new Date(Date.now() + validForMs(asked)).toISOString(),
      }),
    );
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo; // It listens on TCP.
  vi.stubEnv("AWS_CONTAINER_CREDENTIALS_FULL_URI", `http://127.0.0.1:${port}/credentials`);
  return {
    get asked() {
      return asked;
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
