/* How the things fail, and how a result is shown to be compared. */
#include <libpq-fe.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
