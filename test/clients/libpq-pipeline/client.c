/* libpq itself: pipelines, binary results, single rows, COPY and PQcancel. */
#include <arpa/inet.h>
#include <libpq-fe.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SLOW "SELECT count(*) FROM big a CROSS JOIN big b CROSS JOIN big c WHERE a.id + b.id + c.id < 0"
#define TLS "sslmode=verify-ca"

static jmp_buf failed;
static char reason[2000];
static PGconn *c;

static void fail(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    vsnprintf(reason, sizeof reason, format, values);
    va_end(values);
    for (char *p = reason; *p; p++)
        if (*p == '\n') *p = ' ';
    longjmp(failed, 1);
}

static void same(const char *got, const char *expected)
{
    if (got == NULL || strcmp(got, expected) != 0) fail("got %s instead of %s", got ? got : "NULL", expected);
}

static PGconn *connect_with(const char *info)
{
    PGconn *one = PQconnectdb(info);
    if (PQstatus(one) != CONNECTION_OK) {
        snprintf(reason, sizeof reason, "%s", PQerrorMessage(one));
        PQfinish(one);
        fail("%s", strdup(reason));
    }
    return one;
}

static void tls(void) { c = connect_with(TLS); }

/* All values of a result: cells after commas, rows after semicolons; or its SQLSTATE. */
static const char *shown(PGresult *r)
{
    static char text[8000];
    text[0] = 0;
    if (r == NULL) return "no result";
    ExecStatusType status = PQresultStatus(r);
    if (status == PGRES_FATAL_ERROR) {
        snprintf(text, sizeof text, "%s", PQresultErrorField(r, PG_DIAG_SQLSTATE));
    } else if (status == PGRES_PIPELINE_ABORTED) {
        strcpy(text, "aborted");
    } else if (status == PGRES_PIPELINE_SYNC) {
        strcpy(text, "sync");
    } else if (status == PGRES_COMMAND_OK) {
        snprintf(text, sizeof text, "%s", PQcmdStatus(r));
    } else {
        for (int i = 0; i < PQntuples(r); i++)
            for (int j = 0; j < PQnfields(r); j++) {
                if (i + j) strcat(text, j ? "," : ";");
                strncat(text, PQgetisnull(r, i, j) ? "~" : PQgetvalue(r, i, j), 500);
            }
    }
    PQclear(r);
    return text;
}

static void query(const char *sql, const char *expected) { same(shown(PQexec(c, sql)), expected); }

static PGresult *with(const char *sql, int count, const char *const *values)
{
    return PQexecParams(c, sql, count, NULL, values, NULL, NULL, 0);
}

static int64_t big_endian(const char *bytes, int length)
{
    int64_t value = 0;
    for (int i = 0; i < length; i++) value = value << 8 | (unsigned char)bytes[i];
    return value;
}

static void one(void)
{
    c = connect_with(TLS " channel_binding=require");
    query("SELECT count(*) FROM things", "1000");
    if (!PQsslInUse(c)) fail("there is no TLS");
}

static void two(void) { c = connect_with("sslmode=disable"); query("SELECT 1", "1"); }

static void three(void)
{
    c = PQconnectdb("password=wrong sslmode=require");
    if (PQstatus(c) == CONNECTION_OK) fail("it succeeded");
    /* Before the session libpq keeps no SQLSTATE: the message is what there is. */
    if (!strstr(PQerrorMessage(c), "password authentication failed")) fail("%s", PQerrorMessage(c));
}

static void four(void)
{
    query("SELECT * FROM things WHERE id IN (1, 2, 65) ORDER BY id",
          "1,-98.75,Größe 1,f,2024-01-01,2024-01-01 01:00:07.000997;"
          "2,-97.50,O'Brien \"2\",t,2024-01-02,2024-01-01 02:00:14.001994;"
          "65,~,~,f,2024-03-05,2024-01-03 17:07:35.064805");
}

static void five(void)
{
    const char *values[] = {"3", "Gr%", "2024-01-01", "0.5"};
    same(shown(with("SELECT id FROM things WHERE id < $1 AND name LIKE $2 AND day = $3 AND price < $4", 4, values)), "1");
}

static void six(void)
{
    PGresult *r = PQexecParams(c, "SELECT id, name, active, day, at, price FROM things WHERE id = 1", 0, NULL, NULL, NULL, NULL, 1);
    if (PQresultStatus(r) != PGRES_TUPLES_OK) fail("%s", PQresultErrorMessage(r));
    for (int i = 0; i < 6; i++)
        if (PQfformat(r, i) != 1) fail("column %d is no binary", i);
    /* Days and microseconds from 2000-01-01; numeric as 98, 7500 of base 10,000, weight 0, negative, scale 2. */
    if (big_endian(PQgetvalue(r, 0, 0), 8) != 1) fail("id");
    same(PQgetvalue(r, 0, 1), "Größe 1");
    if (PQgetvalue(r, 0, 2)[0] != 0) fail("active");
    if (big_endian(PQgetvalue(r, 0, 3), 4) != 8766) fail("day");
    if (big_endian(PQgetvalue(r, 0, 4), 8) != 8766LL * 86400000000LL + 3607000997LL) fail("at");
    if (memcmp(PQgetvalue(r, 0, 5), "\0\2\0\0\x40\0\0\2\0\x62\x1d\x4c", 12) != 0) fail("price");
    PQclear(r);
}

static void seven(void)
{
    const char *values[] = {NULL, "Ünï 😀 'x' \\ \"y\"", "12345678901234567890.0123456789", "2024-02-29",
                            "2024-02-29 12:34:56.789012", "\\x00015c27ff", "t", "9223372036854775807"};
    same(shown(with("SELECT $1::text, $2::text, $3::numeric, $4::date, $5::timestamp, $6::bytea, $7::boolean, $8::bigint", 8, values)),
         "~,Ünï 😀 'x' \\ \"y\",12345678901234567890.0123456789,2024-02-29,2024-02-29 12:34:56.789012,\\x00015c27ff,t,9223372036854775807");
    uint32_t high = htonl(0), low = htonl(77);
    char id[8];
    memcpy(id, &high, 4);
    memcpy(id + 4, &low, 4);
    const Oid types[] = {20, 17};
    const char *binary[] = {id, "\0\1\\"};
    const int lengths[] = {8, 3}, formats[] = {1, 1};
    same(shown(PQexecParams(c, "SELECT name, $2::bytea FROM things WHERE id = $1", 2, types, binary, lengths, formats, 0)),
         "Größe 77,\\x00015c");
}

static void eight(void)
{
    const char *values[] = {"{1,3,2000}", "{\"O'Brien \\\"2\\\"\",NULL,\"😀, 3\"}"};
    same(shown(with("SELECT id FROM things WHERE id = ANY($1) OR name = ANY($2) ORDER BY id", 2, values)), "1;2;3");
    same(shown(with("SELECT $2::text[], $1::bigint[]", 2, values)), "{\"O'Brien \\\"2\\\"\",NULL,\"😀, 3\"},{1,3,2000}");
}

static void nine(void)
{
    same(shown(PQprepare(c, "by id", "SELECT label FROM big WHERE id = $1", 0, NULL)), "");
    PGresult *r = PQdescribePrepared(c, "by id");
    if (PQnparams(r) != 1 || PQparamtype(r, 0) != 20 || PQftype(r, 0) != 25) fail("described otherwise");
    PQclear(r);
    for (int i = 1; i <= 100; i++) {
        char id[20], label[20];
        const char *values[] = {id};
        sprintf(id, "%d", i);
        sprintf(label, "label %d", i);
        same(shown(PQexecPrepared(c, "by id", 1, values, NULL, NULL, 0)), label);
    }
}

static void ten(void)
{
    int64_t count = 0, sum = 0;
    PGresult *r;
    if (!PQsendQueryParams(c, "SELECT id, label FROM big", 0, NULL, NULL, NULL, NULL, 0) || !PQsetSingleRowMode(c)) fail("%s", PQerrorMessage(c));
    while ((r = PQgetResult(c)) != NULL) {
        if (PQresultStatus(r) == PGRES_FATAL_ERROR) fail("%s", PQresultErrorMessage(r));
        for (int i = 0; i < PQntuples(r); i++, count++) sum += atoll(PQgetvalue(r, i, 0));
        PQclear(r);
    }
    if (count != 100000 || sum != 5000050000LL) fail("%lld rows with the sum %lld", (long long)count, (long long)sum);
    query("BEGIN", "BEGIN");
    query("DECLARE pages CURSOR FOR SELECT id FROM big", "DECLARE CURSOR");
    for (count = 0; (r = PQexec(c, "FETCH 10000 FROM pages")) && PQntuples(r) > 0; PQclear(r)) count += PQntuples(r);
    if (count != 100000) fail("%lld rows by FETCH: %s", (long long)count, PQresultErrorMessage(r));
    PQclear(r);
    query("COMMIT", "COMMIT");
}

static void eleven(void)
{
    char error[256];
    PGresult *r;
    if (!PQsendQuery(c, "SELECT a.id FROM big a CROSS JOIN big b") || !PQsetSingleRowMode(c)) fail("%s", PQerrorMessage(c));
    for (int i = 0; i < 10; i++) PQclear(PQgetResult(c));
    PGcancel *cancel = PQgetCancel(c);
    if (!PQcancel(cancel, error, sizeof error)) fail("%s", error);
    PQfreeCancel(cancel);
    while ((r = PQgetResult(c)) != NULL) {
        if (PQresultStatus(r) == PGRES_FATAL_ERROR) same(PQresultErrorField(r, PG_DIAG_SQLSTATE), "57014");
        PQclear(r);
    }
    query("SELECT 7", "7");
}

static void twelve(void)
{
    query("BEGIN", "BEGIN");
    if (PQtransactionStatus(c) != PQTRANS_INTRANS) fail("no transaction");
    query("SELECT count(*) FROM things", "1000");
    query("COMMIT", "COMMIT");
    if (PQtransactionStatus(c) != PQTRANS_IDLE) fail("still a transaction");
}

static void thirteen(void)
{
    query("BEGIN", "BEGIN");
    query("SELECT 1/0", "22012");
    if (PQtransactionStatus(c) != PQTRANS_INERROR) fail("not failed");
    query("SELECT 1", "25P02");
    query("COMMIT", "ROLLBACK");
    query("SELECT 1", "1");
}

static void fourteen(void)
{
    query("BEGIN", "BEGIN");
    query("SAVEPOINT one", "SAVEPOINT");
    query("SELECT nothing FROM things", "42703");
    query("ROLLBACK TO one", "ROLLBACK");
    query("SELECT count(*) FROM things", "1000");
    query("COMMIT", "COMMIT");
}

static void fifteen(void)
{
    const char *cases[][3] = {{"SELECT nothing FROM things", "42703", "8"}, {"SELECT * FROM nowhere", "42P01", "15"}, {"SELEC 1", "42601", "1"}};
    for (int i = 0; i < 3; i++) {
        PGresult *r = PQexec(c, cases[i][0]);
        same(PQresultErrorField(r, PG_DIAG_SQLSTATE), cases[i][1]);
        same(PQresultErrorField(r, PG_DIAG_STATEMENT_POSITION), cases[i][2]);
        PQclear(r);
    }
    query("SELECT 1", "1");
}

static void sixteen(void)
{
    PGresult *r = PQexec(c, "SELECT id, price, at FROM things WHERE false");
    if (PQntuples(r) != 0 || PQnfields(r) != 3) fail("another shape");
    same(PQfname(r, 1), "price");
    if (PQftype(r, 0) != 20 || PQftype(r, 1) != 1700 || PQftype(r, 2) != 1114) fail("other types");
    if (PQfmod(r, 1) != (12 << 16) + 2 + 4) fail("type modifier %d", PQfmod(r, 1));
    PQclear(r);
}

static void results(const char *const *expected)
{
    for (; *expected; expected++) {
        PGresult *r = PQgetResult(c);
        if (**expected == '-') {
            if (r != NULL) fail("got %s instead of the end of a query", shown(r));
        } else
            same(shown(r), *expected);
    }
}

static void seventeen(void)
{
    PQsendQuery(c, "SELECT 1; SELECT 'x', 2; SELECT 3");
    results((const char *[]){"1", "x,2", "3", "-", NULL});
    PQsendQuery(c, "SELECT 1; SELECT 1/0; SELECT 3");
    results((const char *[]){"1", "22012", "-", NULL});
}

static void eighteen(void)
{
    const char *values[] = {"5"};
    if (!PQenterPipelineMode(c)) fail("no pipeline mode");
    PQsendQueryParams(c, "SELECT id FROM things WHERE id = $1", 1, NULL, values, NULL, NULL, 0);
    PQsendQueryParams(c, "SELECT nothing FROM things", 0, NULL, NULL, NULL, NULL, 0);
    PQsendQueryParams(c, "SELECT 3", 0, NULL, NULL, NULL, NULL, 0);
    PQpipelineSync(c);
    PQsendQueryParams(c, "SELECT 4", 0, NULL, NULL, NULL, NULL, 0);
    PQsendFlushRequest(c);
    PQflush(c);
    results((const char *[]){"5", "-", "42703", "-", "aborted", "-", "sync", "4", "-", NULL});
    PQpipelineSync(c);
    results((const char *[]){"sync", NULL});
    PQsendPrepare(c, "p", "SELECT label FROM big WHERE id = $1", 0, NULL);
    PQsendDescribePrepared(c, "p");
    for (int i = 0; i < 500; i++) PQsendQueryPrepared(c, "p", 1, values, NULL, NULL, 0);
    PQpipelineSync(c);
    results((const char *[]){"", "-", "", "-", NULL});
    for (int i = 0; i < 500; i++) results((const char *[]){"label 5", "-", NULL});
    results((const char *[]){"sync", NULL});
    /* A failure inside BEGIN lasts over a Sync. */
    const char *sql[] = {"BEGIN", "SELECT 1/0"};
    for (int i = 0; i < 2; i++) PQsendQueryParams(c, sql[i], 0, NULL, NULL, NULL, NULL, 0);
    PQpipelineSync(c);
    const char *more[] = {"SELECT 1", "ROLLBACK"};
    for (int i = 0; i < 2; i++) {
        PQsendQueryParams(c, more[i], 0, NULL, NULL, NULL, NULL, 0);
        PQpipelineSync(c);
    }
    results((const char *[]){"BEGIN", "-", "22012", "-", "sync", "25P02", "-", "sync", "ROLLBACK", "-", "sync", NULL});
    if (!PQexitPipelineMode(c)) fail("%s", PQerrorMessage(c));
    query("SELECT 1", "1");
}

static int copied(char *into)
{
    char *line;
    int lines = 0, length;
    into[0] = 0;
    for (; (length = PQgetCopyData(c, &line, 0)) > 0; lines++) {
        if (lines < 5) strcat(into, line);
        PQfreemem(line);
    }
    return lines;
}

static void nineteen(void)
{
    char text[4000];
    PGresult *r = PQexec(c, "COPY (SELECT id, price, name FROM things WHERE id IN (1, 5) ORDER BY id) TO STDOUT");
    if (PQresultStatus(r) != PGRES_COPY_OUT || PQnfields(r) != 3) fail("%s", PQresultErrorMessage(r));
    PQclear(r);
    if (copied(text) != 2) fail("not a message for each row");
    same(text, "1\t-98.75\tGröße 1\n5\t-93.75\t\\N\n");
    results((const char *[]){"COPY 2", "-", NULL});
    PQclear(PQexec(c, "COPY (SELECT * FROM big) TO STDOUT CSV"));
    if (copied(text) != 100000) fail("not 100000 lines");
    results((const char *[]){"COPY 100000", "-", NULL});
}

static void twenty(void)
{
    query("CREATE TEMP TABLE copied (id bigint, name text)", "CREATE TABLE");
    PQclear(PQexec(c, "COPY copied FROM STDIN"));
    for (int i = 0; i < 1000; i++) {
        char line[50];
        PQputCopyData(c, line, sprintf(line, "%d\tRow ü %d\n", i, i));
    }
    PQputCopyEnd(c, NULL);
    results((const char *[]){"COPY 1000", "-", NULL});
    PQclear(PQexec(c, "COPY copied FROM STDIN"));
    PQputCopyEnd(c, "thought better of it");
    results((const char *[]){"57014", "-", NULL});
    query("SELECT count(*), max(id) FROM copied", "1000,999");
}

static void twenty_one(void)
{
    query("CREATE TEMP TABLE mine (id int PRIMARY KEY, name text, price numeric(8,2))", "CREATE TABLE");
    query("INSERT INTO mine VALUES (1, 'ö', 1.5), (2, 'b', NULL)", "INSERT 0 2");
    query("UPDATE mine SET name = 'x' WHERE id = 2", "UPDATE 1");
    query("SELECT m.*, t.name FROM mine m JOIN things t USING (id) ORDER BY 1", "1,ö,1.50,Größe 1;2,x,~,O'Brien \"2\"");
    query("DROP TABLE mine", "DROP TABLE");
}

static void twenty_two(void)
{
    char error[256], sql[200];
    PGconn *other = connect_with(TLS);
    sprintf(sql, "SELECT count(*) FROM pg_stat_activity WHERE pid = %d AND state = 'active'", PQbackendPID(c));
    PQsendQuery(c, SLOW);
    PQflush(c);
    for (int i = 0; i < 200 && strcmp(shown(PQexec(other, sql)), "1") != 0; i++) continue;
    PGcancel *cancel = PQgetCancel(c);
    if (!PQcancel(cancel, error, sizeof error)) fail("%s", error);
    PQfreeCancel(cancel);
    PQfinish(other);
    results((const char *[]){"57014", "-", NULL});
    query("SELECT 1", "1");
}

static void twenty_three(void)
{
    PQfinish(c);
    c = connect_with(TLS " options='-c statement_timeout=200ms'");
    query(SLOW, "57014");
    query("SELECT 1", "1");
}

static void twenty_four(void)
{
    PQfinish(c);
    c = connect_with(TLS " application_name=clients");
    same(PQparameterStatus(c, "application_name"), "clients");
    query("SET application_name = 'others'", "SET");
    same(PQparameterStatus(c, "application_name"), "others");
    query("SET search_path TO pg_catalog, public", "SET");
    query("SHOW search_path", "pg_catalog, public");
    query("SELECT count(*) FROM things", "1000");
}

static void twenty_five(void)
{
    query("SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public' AND table_name = 'things' "
          "ORDER BY ordinal_position LIMIT 2",
          "things,id,bigint;things,price,numeric");
    query("INSERT INTO things (id) VALUES (2001)", "25006");
}

int main(void)
{
    static void (*const things[])(void) = {one, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, thirteen,
        fourteen, fifteen, sixteen, seventeen, eighteen, nineteen, twenty, twenty_one, twenty_two, twenty_three, twenty_four, twenty_five};
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("# client libpq %d.%d\n", PQlibVersion() / 10000, PQlibVersion() % 10000);
    for (volatile int i = 0; i < 25; i++) {
        c = NULL;
        if (setjmp(failed) == 0) {
            if (i > 2) tls();
            things[i]();
            printf("ok %d\n", i + 1);
        } else
            printf("not ok %d %s\n", i + 1, reason);
        PQfinish(c);
    }
    return 0;
}
