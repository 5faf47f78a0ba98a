import { createHash, randomUUID } from "node:crypto";
import { crc32 } from "node:zlib";

export interface StoredVersion {
  readonly versionId: string;
  readonly deleteMarker: boolean;
  readonly body: Buffer;
  /** The MD5 in hexadecimal, without quotes. */
  readonly etag: string;
  /** As the header `x-amz-checksum-crc32` has it. */
  readonly crc32: string;
  readonly lastModified: Date;
}

/** The objects of one bucket, in memory, newest version last. */
export class Bucket {
  readonly name: string;
  readonly versioned: boolean;
  readonly #objects = new Map<string, StoredVersion[]>();

  constructor(name: string, versioned: boolean) {
    this.name = name;
    this.versioned = versioned;
  }

  put(key: string, body: Buffer): StoredVersion {
    return this.#add(key, body, false);
  }

  /** In a versioned bucket a delete marker, else nothing is left. */
  delete(key: string): StoredVersion | undefined {
    if (this.versioned) return this.#add(key, Buffer.alloc(0), true);
    this.#objects.delete(key);
    return undefined;
  }

  latest(key: string): StoredVersion | undefined {
    return this.#objects.get(key)?.at(-1);
  }

  version(key: string, versionId: string): StoredVersion | undefined {
    return this.#objects.get(key)?.find((version) => version.versionId === versionId);
  }

  /** In the order of the keys' UTF-8 bytes, as S3 lists. */
  keys(): string[] {
    return [...this.#objects.keys()]
      .filter((key) => this.latest(key)?.deleteMarker === false)
      .map((key) => Buffer.from(key))
      .toSorted((a, b) => Buffer.compare(a, b))
      .map(String);
  }

  #add(key: string, body: Buffer, deleteMarker: boolean): StoredVersion {
    const checksum = Buffer.alloc(4);
    checksum.writeUInt32BE(crc32(body));
    const version: StoredVersion = {
      versionId: this.versioned ? randomUUID() : "null",
      deleteMarker,
      body,
      etag: createHash("md5").update(body).digest("hex"),
      crc32: checksum.toString("base64"),
      lastModified: new Date(),
    };
    const earlier = this.versioned ? (this.#objects.get(key) ?? []) : [];
    this.#objects.set(key, [...earlier, version]);
    return version;
  }
}
