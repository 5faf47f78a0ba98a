# frozen_string_literal: true

# Does the 25 things with ruby-pg, unmodified and with its defaults. The host, the role and the rest
# come from the environment, which libpq reads.
require "bigdecimal"
require "date"
require "pg"
require "timeout"
require_relative "report"

$stdout.sync = true
SLOW_QUERY = "SELECT count(*) FROM big a CROSS JOIN big b CROSS JOIN big c WHERE a.id + b.id + c.id < 0"
STATEMENT = "SELECT id, price, name, active, day, at FROM things WHERE id <= $1 ORDER BY id"

def thing(number, parameters = { sslmode: "require" })
  Report.thing(number) do
    Timeout.timeout(60) do
      connection = PG.connect(**parameters)
      begin
        yield connection
      ensure
        connection.close
      end
    end
  end
end

def same(got, wanted) = Report.same(got, wanted)

# The session answers as if nothing had been.
def goes_on(connection)
  same(connection.exec("SELECT count(*) FROM things").getvalue(0, 0).to_i, 1000)
end

# The error is the server's, with this SQLSTATE.
def refused(state)
  yield
  raise "no error, where #{state} was wanted"
rescue PG::Error => e
  raise unless e.result&.error_field(PG::Result::PG_DIAG_SQLSTATE) == state
  e
end

# The formulas are those of data.ts.
def row(id)
  names = ["back\\slash #{id}", "Größe #{id}", "O'Brien \"#{id}\"", "😀, #{id}"]
  micros = (id * 3607 * 1_000_000) + (id * 997)
  [
    id,
    (BigDecimal((id * 125) - 10_000) / 100 unless (id % 13).zero?),
    (names[id % 4] unless (id % 5).zero?),
    (id.even? unless (id % 7).zero?),
    (Date.new(2024, 1, 1) + id - 1 unless (id % 11).zero?),
    (Time.utc(2024) + Rational(micros, 1_000_000) unless (id % 17).zero?)
  ]
end

def compare(result)
  same(result.ntuples, 1000)
  result.values.each_with_index { |values, index| same(values, row(index + 1)) }
end

def show(connection, name) = connection.exec("SHOW #{name}").getvalue(0, 0)

puts "# client ruby-pg #{PG::VERSION}"

thing(1, { sslmode: "verify-ca", channel_binding: "require" }) do |connection|
  same(connection.ssl_in_use?, true)
  goes_on(connection)
end

thing(2, { sslmode: "disable" }) do |connection|
  same(connection.ssl_in_use?, false)
  goes_on(connection)
end

Report.thing(3) do
  PG.connect(sslmode: "require", password: "wrong")
  raise "the password was accepted"
rescue PG::ConnectionBad => e
  # libpq keeps of a failed login the message only.
  raise unless e.message.include?("password authentication failed")
end

thing(4) do |connection|
  # A timestamp without a zone is one of UTC here.
  registry = PG::BasicTypeRegistry.new.register_default_types
  registry.register_type(0, "timestamp", PG::TextEncoder::TimestampUtc, PG::TextDecoder::TimestampUtc)
  connection.type_map_for_results = PG::BasicTypeMapForResults.new(connection, registry:)
  compare(connection.exec_params(STATEMENT, [1000]))
end

thing(5) do |connection|
  sql = "SELECT id FROM things WHERE price = $1 AND name = $2 AND day = $3"
  same(connection.exec_params(sql, ["-97.50", "O'Brien \"2\"", "2024-01-02"]).values, [["2"]])
end

thing(6) do |connection|
  result = connection.exec_params("SELECT id, name, active, at FROM things WHERE id <= $1 ORDER BY id", [1000], 1)
  same((0..3).map { |column| result.fformat(column) }, [1, 1, 1, 1])
  decoders = [PG::BinaryDecoder::Integer.new, PG::BinaryDecoder::String.new, PG::BinaryDecoder::Boolean.new,
              PG::BinaryDecoder::TimestampUtc.new]
  result.type_map = PG::TypeMapByColumn.new(decoders)
  result.values.each_with_index { |values, index| same(values, row(index + 1).values_at(0, 2, 3, 5)) }
  same(result.ntuples, 1000)
end

thing(7) do |connection|
  data = "\x00\x01\xFE\xFF\\'".b
  values = [nil, "Größe 😀 O'Brien\\", "-1234567890123456789.0123456789", "2024-02-29", "1969-12-31 23:59:59.123456",
            { value: data, format: 1 }, "t", "-9223372036854775808", "0.1"]
  kinds = "$1::text, $2::text, $3::numeric(30,10), $4::date, $5::timestamp, $6::bytea, $7::boolean, $8::bigint, $9::float8"
  ["", " FROM things WHERE id = 1"].each do |from|
    got = connection.exec_params("SELECT #{kinds}#{from}", values).values.first
    same(connection.unescape_bytea(got[5]), data)
    same(got.values_at(0..4, 6..8), values.values_at(0..4, 6..8))
  end
end

thing(8) do |connection|
  encoder = PG::TextEncoder::Array.new
  decoder = PG::TextDecoder::Array.new
  ids = encoder.encode([1, 2, 3, 5000])
  found = connection.exec_params("SELECT count(*), array_agg(id ORDER BY id) FROM things WHERE id = ANY ($1)", [ids])
  same(found.values.first, ["3", "{1,2,3}"])
  names = encoder.encode(["Größe 1", "O'Brien \"2\"", nil, "NULL"])
  same(connection.exec_params("SELECT count(*) FROM things WHERE name = ANY ($1)", [names]).getvalue(0, 0), "2")
  array = connection.exec("SELECT array_agg(name ORDER BY id) FROM things WHERE id BETWEEN 2 AND 5").getvalue(0, 0)
  same(decoder.decode(array), ["O'Brien \"2\"", "😀, 3", "back\\slash 4", nil])
end

thing(9) do |connection|
  connection.prepare("by id", "SELECT day - $2::int FROM things WHERE id = $1")
  same(connection.describe_prepared("by id").nparams, 2)
  (1..100).each do |id|
    same(connection.exec_prepared("by id", [id, id - 1]).getvalue(0, 0), (id % 11).zero? ? nil : "2024-01-01")
  end
  connection.exec('DEALLOCATE "by id"')
end

thing(10) do |connection|
  connection.send_query("SELECT id FROM big")
  connection.set_single_row_mode
  count = sum = 0
  connection.get_result.stream_each_row do |(id)|
    count += 1
    sum += id.to_i
  end
  same([count, sum], [100_000, 5_000_050_000])
  connection.transaction do
    connection.exec("DECLARE pages CURSOR FOR SELECT id FROM big")
    count = sum = 0
    until (page = connection.exec("FETCH 7000 FROM pages").column_values(0)).empty?
      count += page.size
      sum += page.sum(&:to_i)
    end
    same([count, sum], [100_000, 5_000_050_000])
  end
end

thing(11) do |connection|
  connection.send_query("SELECT id, label FROM big")
  connection.set_single_row_mode
  10.times { same(connection.get_result.ntuples, 1) }
  connection.discard_results
  goes_on(connection)
end

thing(12) do |connection|
  connection.exec("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
  same([show(connection, "transaction_read_only"), show(connection, "transaction_isolation")], ["on", "repeatable read"])
  connection.exec("COMMIT")
  connection.transaction { connection.exec("SET application_name = 'kept'") }
  same([show(connection, "application_name"), connection.transaction_status], ["kept", PG::PQTRANS_IDLE])
end

thing(13) do |connection|
  connection.exec("BEGIN")
  refused("42703") { connection.exec("SELECT nothing FROM things") }
  same(connection.transaction_status, PG::PQTRANS_INERROR)
  refused("25P02") { goes_on(connection) }
  connection.exec("ROLLBACK")
  goes_on(connection)
end

thing(14) do |connection|
  connection.transaction do
    connection.exec('SAVEPOINT "Before it"')
    refused("42703") { connection.exec_params("SELECT nothing FROM things WHERE id = $1", [1]) }
    connection.exec('ROLLBACK TO "Before it"')
    goes_on(connection)
    connection.exec('RELEASE "Before it"')
  end
  goes_on(connection)
end

thing(15) do |connection|
  {
    "SELECT id, nothing FROM things" => "42703 12",
    "SELECT id FROM nothing" => "42P01 16",
    "SELEC 1" => "42601 1",
    "SELECT id FROM things WHERE 'ä' = name AND x = 1" => "42703 44"
  }.each do |sql, wanted|
    error = refused(wanted[0, 5]) { connection.exec(sql) }
    same(error.result.error_field(PG::Result::PG_DIAG_STATEMENT_POSITION), wanted[6..])
    goes_on(connection)
  end
end

thing(16) do |connection|
  result = connection.exec("SELECT id, price, name, active, day, at FROM things WHERE id < 0")
  same(result.ntuples, 0)
  described = result.fields.each_index.map { |index| [result.fname(index), result.ftype(index), result.fmod(index)] }
  same(described, [["id", 20, -1], ["price", 1700, 786_438], ["name", 25, -1], ["active", 16, -1], ["day", 1082, -1],
                   ["at", 1114, -1]])
end

thing(17) do |connection|
  connection.send_query("SELECT 1; SELECT id FROM things WHERE id <= 2 ORDER BY id; SELECT 'x'")
  answers = []
  while (result = connection.get_result)
    answers << result.column_values(0)
  end
  same(answers, [%w[1], %w[1 2], %w[x]])
end

thing(18) do |connection|
  connection.enter_pipeline_mode
  ["SELECT 1", "SELECT nothing FROM things", "SELECT id FROM things WHERE id = 3"].each do |sql|
    connection.send_query_params(sql, [])
  end
  connection.pipeline_sync
  connection.send_query_params("SELECT id FROM things WHERE id = $1", [4])
  connection.pipeline_sync
  states = []
  until states.count(PG::PGRES_PIPELINE_SYNC) == 2
    # Between the answers of two statements stands a nil.
    result = connection.sync_get_result
    states << result.result_status unless result.nil?
  end
  same(states, [PG::PGRES_TUPLES_OK, PG::PGRES_FATAL_ERROR, PG::PGRES_PIPELINE_ABORTED, PG::PGRES_PIPELINE_SYNC,
                PG::PGRES_TUPLES_OK, PG::PGRES_PIPELINE_SYNC])
  connection.exit_pipeline_mode
  goes_on(connection)
end

thing(19) do |connection|
  rows = []
  sql = "COPY (SELECT id, name FROM things WHERE id BETWEEN 3 AND 5 ORDER BY id) TO STDOUT"
  connection.copy_data(sql, PG::TextDecoder::CopyRow.new) do
    while (row = connection.get_copy_data)
      rows << row
    end
  end
  same(rows, [["3", "😀, 3"], ["4", "back\\slash 4"], ["5", nil]])
  goes_on(connection)
end

thing(20) do |connection|
  connection.exec("CREATE TEMP TABLE copied (id bigint, name text, day date)")
  result = connection.copy_data("COPY copied FROM STDIN", PG::TextEncoder::CopyRow.new) do
    (1..5000).each { |id| connection.put_copy_data([id, "Größe\t\\\n", id.even? ? nil : "2024-02-29"]) }
  end
  same(result.cmd_tuples, 5000)
  refused("22P02") do
    connection.copy_data("COPY copied (id) FROM STDIN") { connection.put_copy_data("1\ntwo\n") }
  end
  same(connection.exec("SELECT count(*), count(day), min(name) FROM copied").values, [["5000", "2500", "Größe\t\\\n"]])
end

thing(21) do |connection|
  connection.exec("CREATE TEMP TABLE notes (id int, body text)")
  same(connection.exec_params("INSERT INTO notes VALUES ($1, $2), ($3, $4)", [1, "ä", 2, nil]).cmd_tuples, 2)
  same(connection.exec("SELECT n.body FROM notes n JOIN things t USING (id) ORDER BY n.id").values, [["ä"], [nil]])
  connection.exec("DROP TABLE notes")
end

thing(22) do |connection|
  ["SELECT pg_sleep(60)", SLOW_QUERY].each do |sql|
    canceler = Thread.new do
      sleep 0.3
      connection.cancel
    end
    refused("57014") { connection.exec(sql) }
    same(canceler.value, nil)
    goes_on(connection)
  end
end

thing(23) do |connection|
  connection.exec("SET statement_timeout = 200")
  refused("57014") { connection.exec("SELECT pg_sleep(60)") }
  refused("57014") { connection.exec(SLOW_QUERY) }
  connection.exec("RESET statement_timeout")
  goes_on(connection)
end

thing(24, { sslmode: "require", application_name: "twenty-five", options: "-c search_path=public,pg_temp" }) do |connection|
  same([show(connection, "application_name"), show(connection, "search_path")], ["twenty-five", "public,pg_temp"])
  connection.exec("SET application_name = 'another'; SET search_path TO public; SET TIME ZONE 'Europe/Vienna'")
  same([show(connection, "application_name"), show(connection, "search_path")], %w[another public])
  same([connection.parameter_status("application_name"), connection.parameter_status("TimeZone")], ["another", "Europe/Vienna"])
  connection.set_client_encoding("UTF8")
  same(connection.internal_encoding, Encoding::UTF_8)
  goes_on(connection)
end

thing(25) do |connection|
  columns = connection.exec_params(<<~SQL, ["things"]).values
    SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull
    FROM pg_attribute a WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
  SQL
  same(columns, [%w[id bigint t], ["price", "numeric(12,2)", "f"], %w[name text f], %w[active boolean f], %w[day date f],
                 ["at", "timestamp without time zone", "f"]])
  tables = connection.exec("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1")
  same(tables.column_values(0), %w[big things])
  refused("25006") { connection.exec_params("INSERT INTO things (id) VALUES ($1)", [5000]) }
  goes_on(connection)
end
