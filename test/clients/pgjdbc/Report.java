import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/** How the 25 things went, a line for each. */
final class Report {
  /** It opens what it needs and leaves nothing behind. */
  interface Thing {
    void run() throws Exception;
  }

  /** The names are those of things.ts, in its order. */
  private static final String[] NAMES = {
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
    "tables and columns listed, INSERT refused",
  };

  static void run(String client, Thing... things) {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    out.println("# client " + client);
    for (int index = 0; index < NAMES.length; index += 1) {
      String line = (index + 1) + " " + NAMES[index];
      try {
        things[index].run();
        out.println("ok " + line);
      } catch (Exception | AssertionError failure) {
        String reason = failure + " at " + place(failure);
        out.println("not ok " + line + ": " + reason.replaceAll("\\s+", " "));
      }
    }
  }

  static void same(Object got, Object wanted) {
    if (!Objects.deepEquals(got, wanted)) {
      throw new AssertionError("got " + got + " instead of " + wanted);
    }
  }

  /** The line of these scripts that failed. */
  private static String place(Throwable failure) {
    for (StackTraceElement element : failure.getStackTrace()) {
      String file = element.getFileName();
      if (element.getModuleName() == null && !"Report.java".equals(file) && !element.getClassName().contains(".")) {
        return file + ":" + element.getLineNumber();
      }
    }
    return "an unknown place";
  }

  private Report() {}
}
