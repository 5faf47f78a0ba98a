import { existsSync } from "node:fs";
import { createConnection } from "node:net";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { GenericContainer, Wait } from "testcontainers";

/** An S3 server that others wrote, with a bucket that tests may write to. */
export interface RealServer {
  readonly endpoint: string;
  readonly region: string | undefined;
  readonly bucket: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** versitygw itself, whose command line creates users; undefined for any other server. */
  readonly admin: string | undefined;
  stop(): Promise<void>;
}

/** Of the same release as `.ci/s3-server.sh` builds. Docker Hub's minio/minio no longer exists. */
const IMAGE = "ghcr.io/versity/versitygw:v1.8.0";
const IMAGE_PORT = 7070;
const PROBE_MS = 1000;

/** The environment's server, else one in a container, else the reason why there is none. */
export async function findRealServer(): Promise<RealServer | { readonly missing: string }> {
  const {
    BUCKETGRES_TEST_S3_ENDPOINT: endpoint,
    BUCKETGRES_TEST_S3_KEY: accessKeyId,
    BUCKETGRES_TEST_S3_SECRET: secretAccessKey,
    BUCKETGRES_TEST_S3_BUCKET: bucket,
    BUCKETGRES_TEST_S3_REGION: region,
    BUCKETGRES_TEST_S3_ADMIN: admin,
  } = process.env;
  if (endpoint !== undefined && endpoint !== "") {
    if (accessKeyId === undefined || secretAccessKey === undefined || bucket === undefined) {
      throw new Error("BUCKETGRES_TEST_S3_ENDPOINT needs _KEY, _SECRET and _BUCKET beside it");
    }
    const credentials = { accessKeyId, secretAccessKey };
    return { endpoint, region, bucket, credentials, admin, stop: async () => undefined };
  }
  if (await dockerAnswers()) return startContainer();
  return {
    missing:
      "BUCKETGRES_TEST_S3_ENDPOINT is not set and no Docker engine answers; " +
      "start a server with .ci/s3-server.sh start DIR PORT",
  };
}

async function startContainer(): Promise<RealServer> {
  const credentials = { accessKeyId: "bucketgres", secretAccessKey: "bucketgres-secret" };
  const container = await new GenericContainer(IMAGE)
    .withEnvironment({
      ROOT_ACCESS_KEY: credentials.accessKeyId,
      ROOT_SECRET_KEY: credentials.secretAccessKey,
    })
    .withCommand(["--port", `:${IMAGE_PORT}`, "posix", "/tmp"])
    .withExposedPorts(IMAGE_PORT)
    // Without a signature it refuses, which is an answer too.
    .withWaitStrategy(Wait.forHttp("/", IMAGE_PORT).forStatusCodeMatching(() => true))
    .start();
  const endpoint = `http://${container.getHost()}:${container.getMappedPort(IMAGE_PORT)}`;
  const bucket = "bucketgres-test";
  const client = new S3Client({ endpoint, region: "us-east-1", credentials, forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  client.destroy();
  return {
    endpoint,
    region: undefined,
    bucket,
    credentials,
    admin: undefined,
    stop: async () => void (await container.stop()),
  };
}

/** Looks at the engine's socket only: asking testcontainers takes long where there is none. */
async function dockerAnswers(): Promise<boolean> {
  const address = process.env["DOCKER_HOST"] ?? "unix:///var/run/docker.sock";
  const url = new URL(address);
  if (url.protocol === "unix:" && !existsSync(url.pathname)) return false;
  const socket =
    url.protocol === "unix:"
      ? createConnection({ path: url.pathname })
      : createConnection({ host: url.hostname, port: Number(url.port) });
  try {
    return await new Promise((resolve) => {
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
      socket.setTimeout(PROBE_MS, () => resolve(false));
    });
  } finally {
    socket.destroy();
  }
}
