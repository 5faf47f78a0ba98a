/** Every fixed bound on what comes from outside, with its reason. Configurable bounds are settings. */
export const LIMITS = {
  /** A startup packet behind its length: PostgreSQL's MAX_STARTUP_PACKET_LENGTH. */
  startupPacketBytes: 10_000,
  /** A message before authentication ends: a SCRAM message is a few hundred bytes. */
  authenticationMessageBytes: 16_384,
  /**
   * Connections without a session: beyond, the oldest goes of the address that has the most. Each takes
   * some 15 KB. A login takes four round trips, so that at 200 ms each it survives a flood of 1,250
   * connections a second from its own address.
   */
  halfOpenConnections: 1_000,
  /** Connections that the system has accepted and we have not: a flood may come faster. */
  listenBacklog: 4_096,
  /** How long a silent connection goes before its client's machine is asked whether it is there. */
  keepAliveDelayMs: 120_000,
  /** How long one client's messages are handled while others wait, as far as no single one takes longer. */
  turnMs: 5,
  /** How long a client may take to read what it is told last, or to close its side. */
  lingerMs: 10_000,
  /** A message that holds little more than a name: PostgreSQL's PQ_SMALL_MESSAGE_LIMIT. */
  smallMessageBytes: 10_000,
  /** A name in SQL: PostgreSQL's NAMEDATALEN less its closing zero byte. */
  identifierBytes: 63,
  /** One YAML file: a thousand tables of a hundred described columns take some 5 MB. */
  configurationFileBytes: 8 * 1024 * 1024,
  /** Values that stand in a YAML file for aliases only: ends aliases that multiply. */
  configurationAliasedValues: 100_000,
  configurationDepth: 32,
  /** SQL text: the planner's cost grows faster than the text (a 60 MB statement took 0.7 GB). */
  sqlTextBytes: 2 * 1024 * 1024,
  /** Commas outside quotes: a million items take a second to parse and 300 MB to hold. */
  listItems: 200_000,
  /** How deep expressions and queries may nest: planning time explodes beyond, and cannot be interrupted. */
  expressionDepth: 250,
  /** Tables in one query: 60 joins plan in 1.4 s, 100 in 12 s. */
  tablesPerQuery: 64,
  /** Columns of one query: PostgreSQL's MaxTupleAttributeNumber. */
  targetListEntries: 1_664,
  /** UNION, INTERSECT and EXCEPT in one query: 20,000 of them took 6 GB. */
  setOperations: 1_000,
  /** Lambdas inside lambdas: planning time nearly doubles with each level. */
  lambdaNesting: 8,
  /** What parsed statements, by text, may occupy: about a thousand texts of a common length. */
  statementCacheBytes: 32 * 1024 * 1024,
  /** Bind's parameter count is an Int16, read as unsigned. */
  parameters: 65_535,
  /** Named statements and portals of one session, so that a leak in a client stays its own. */
  preparedStatements: 10_000,
  /** Their texts together: what is kept of each takes many times as much. */
  preparedTextBytes: 16 * 1024 * 1024,
  portals: 1_000,
  /** Of a statement's text in pg_stat_activity: PostgreSQL's track_activity_query_size. */
  activityQueryCharacters: 1_024,
  /** A NOTIFY's payload ends before this: PostgreSQL's NOTIFY_PAYLOAD_MAX_LENGTH. */
  notificationPayloadBytes: 8_000,
  /** Notifications that wait for one listener: a long transaction, or a client that does not read. */
  waitingNotifications: 10_000,
  waitingNotificationBytes: 8 * 1024 * 1024,
  /** Channels of one session, and notifications of one transaction. */
  channels: 10_000,
  /** One page of DataRow messages on its way from an engine to a client. */
  pageBytes: 64 * 1024,
  /** What an engine may send ahead of the client's socket, per running statement. */
  streamCreditBytes: 512 * 1024,
  /**
   * What DuckDB computes ahead of the rows that are read, per running statement. It does not count
   * the texts in them, so that this can come to fifty times as much.
   */
  engineReadAheadBytes: 64 * 1024,
  /** What a client may send of COPY FROM STDIN ahead of the engine that reads it. */
  copyInCreditBytes: 512 * 1024,
  /** A line of it, which is in memory while it is read. */
  copyLineBytes: 64 * 1024 * 1024,
  /** What the texts of rows that are yet to be appended may take. */
  copyBatchBytes: 8 * 1024 * 1024,
  /** A frame between our own processes. A page may exceed pageBytes by one row. */
  frameBytes: 1024 * 1024 * 1024,
  /** Rows of a catalog answer are buffered; user data never is. */
  shadowAnswerBytes: 64 * 1024 * 1024,
  /** Of a SCRAM verifier: what a client can be asked to compute, about five seconds. */
  scramIterations: 10_000_000,
  /** Addresses and roles whose failed logins are remembered; the oldest is forgotten first. */
  throttledLogins: 10_000,
  /** Label sets of one metric; what comes later is counted together. */
  metricSeries: 1_000,
  /** The HTTP port answers probes and scrapes: few at a time, and short ones. */
  httpConnections: 100,
  httpHeadersTimeoutMs: 5_000,
  httpRequestTimeoutMs: 10_000,
  /** How long a shutdown waits for HTTP answers in flight. */
  httpDrainMs: 1_000,
  /** Shorter than the patience of a usual probe, so that it hears which store hangs. */
  readinessTimeoutMs: 5_000,
  /** One XLSX workbook, whose few megabytes can unpack to anything. */
  workbook: {
    /**
     * In all parts that are read. A sheet of Excel's full length and twenty columns is about 1 GB;
     * everything is streamed, so this bounds time and the temporary file, not memory.
     */
    unpackedBytes: 4 * 1024 * 1024 * 1024,
    /** Sheets compress to a tenth or so; an entry that expands further is a bomb once it is large. */
    expansion: 400,
    expansionFreeBytes: 50 * 1024 * 1024,
    /** Cells that hold something, at ten bytes each in the temporary file. */
    cells: 200_000_000,
    /** Texts of cells, shared ones as often as they are used; and of one row, which is in memory. */
    textBytes: 4 * 1024 * 1024 * 1024,
    rowTextBytes: 64 * 1024 * 1024,
    /** Rows times columns of the table that they span: 250 columns at Excel's full length. */
    gridCells: 262_144_000,
    /** Four bytes of memory each. Their texts are in a temporary file beyond 96 MB. */
    sharedStrings: 20_000_000,
    /** Columns of one table: PostgreSQL's own limit. */
    columns: 1_600,
    zipEntries: 65_535,
    zipDirectoryBytes: 16 * 1024 * 1024,
    xmlDepth: 64,
    /** One run of text, and one tag with its attributes. */
    xmlTextBytes: 16 * 1024 * 1024,
    xmlTagBytes: 1024 * 1024,
  },
  /** JSON, whose values can nest without end and whose records can be the whole file. */
  json: {
    depth: 256,
    /** The largest record, unless the table says otherwise; and what it may say. */
    recordBytes: 16 * 1024 * 1024,
    recordBytesMax: 256 * 1024 * 1024,
  },
  /** Objects of one table whose source is a pattern. */
  sourceObjects: 10_000,
  /** One CSV, whose compressed form can unpack to anything. */
  csv: {
    unpackedBytes: 64 * 1024 * 1024 * 1024,
    /** Logs of one repeated line reach a hundred; what expands further is a bomb once it is large. */
    expansion: 500,
    expansionFreeBytes: 256 * 1024 * 1024,
    /** What its shape is found out from. The header has to lie in it. */
    headBytes: 4 * 1024 * 1024,
    /** Columns of one table. PostgreSQL's clients take 1,664 of them in one result. */
    columns: 5_000,
    /** The longest record, unless the table says otherwise; and what it may say. */
    recordBytes: 16 * 1024 * 1024,
    recordBytesMax: 512 * 1024 * 1024,
    /** How much of a raw value or record a message, and a row of rejects, repeats. */
    messageValueCharacters: 60,
    rejectedValueCharacters: 10_000,
  },
} as const;
