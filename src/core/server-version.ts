/**
 * The PostgreSQL that clients are told they talk to. They choose their catalog queries by it, and
 * with 15 the widest range of them works: pg_dump refuses a server newer than itself, and psql 15
 * and pg_dump 15 are what the current long-term distributions carry.
 */
const MAJOR = 15;
const MINOR = 18;

/** As in the ParameterStatus and in SHOW server_version. */
export const SERVER_VERSION = `${MAJOR}.${MINOR}`;

/** As in SHOW server_version_num. */
export const SERVER_VERSION_NUM = MAJOR * 10_000 + MINOR;

/** What version() answers. Drivers read the number behind the first word. */
export const SERVER_VERSION_TEXT = `PostgreSQL ${SERVER_VERSION} (bucketgres)`;
