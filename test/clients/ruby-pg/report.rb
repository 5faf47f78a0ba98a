# frozen_string_literal: true

# The 25 things that every client does, and how each of them went.
module Report
  # The names are those of things.ts, in its order.
  NAMES = [
    "connect by SCRAM over TLS",
    "connect without TLS",
    "wrong password is 28P01",
    "typed rows",
    "parameters by text format",
    "binary results",
    "parameters of every kind",
    "arrays as parameter and as result",
    "a prepared statement run 100 times",
    "100,000 rows streamed",
    "a stream abandoned in the middle",
    "a transaction committed",
    "a failed transaction",
    "a savepoint rolled back to",
    "errors with SQLSTATE and position",
    "an empty result has its columns",
    "several statements at once",
    "a pipeline with an error in the middle",
    "COPY TO STDOUT",
    "COPY FROM STDIN into a temporary table",
    "a temporary table",
    "cancel of a running query",
    "statement_timeout",
    "SET, SHOW, application_name, search_path",
    "tables and columns listed, INSERT refused"
  ].freeze

  # Does one thing and prints its line.
  def self.thing(number)
    yield
    puts "ok #{number} #{NAMES[number - 1]}"
  rescue StandardError => e
    place = e.backtrace.find { |line| line.include?("client.rb") }.to_s[/client\.rb:\d+/]
    puts "not ok #{number} #{NAMES[number - 1]}: #{"#{e.message} at #{place}".split.join(" ")}"
  end

  def self.same(got, wanted)
    raise "got #{got.inspect} instead of #{wanted.inspect}" unless got == wanted
  end
end
