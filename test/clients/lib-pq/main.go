// Command database-sql does the 25 things through Go's database/sql: with lib/pq, or with pgx behind
// the same interface.
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	clients "bucketgres.test/clients"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/lib/pq"
)

// What the two drivers do in different ways.
type driver struct {
	name, module string
	open         func(parameters string) (*sql.DB, error)
	// SQLSTATE and position of an error; both empty where it is not the server's.
	diagnosis func(error) (code, position string)
	// What is added to the parameters to have values in PostgreSQL's binary format, and in text.
	binary, text string
}

var drivers = map[string]driver{
	"postgres": {
		name: "lib/pq", module: "github.com/lib/pq",
		open: func(parameters string) (*sql.DB, error) { return sql.Open("postgres", parameters) },
		diagnosis: func(err error) (string, string) {
			var refusal *pq.Error
			if errors.As(err, &refusal) {
				return string(refusal.Code), refusal.Position
			}
			return "", ""
		},
		binary: " binary_parameters=yes",
	},
	"pgx": {
		name: "pgx through database/sql", module: "github.com/jackc/pgx/v5",
		open: openPgx,
		diagnosis: func(err error) (string, string) {
			var refusal *pgconn.PgError
			if errors.As(err, &refusal) {
				return refusal.Code, fmt.Sprint(refusal.Position)
			}
			return "", ""
		},
		text: " default_query_exec_mode=exec",
	},
}

// A context that ends cancels the statement; by default pgx would give up the connection.
func openPgx(parameters string) (*sql.DB, error) {
	config, err := pgx.ParseConfig(parameters)
	if err != nil {
		return nil, err
	}
	config.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: conn, DeadlineDelay: 10 * time.Second}
	}
	return stdlib.OpenDB(*config), nil
}

var the driver

func main() {
	if len(os.Args) == 2 {
		the = drivers[os.Args[1]]
	}
	if the.open == nil {
		fmt.Fprintln(os.Stderr, "usage: database-sql postgres | pgx")
		os.Exit(2)
	}
	clients.Run(the.name, the.module, [...]clients.Thing{
		overTLS, withoutTLS, wrongPassword,
		typedRows, textParameters, binaryResults, everyKind, arrays,
		preparedStatement, streamed, abandoned,
		committed, failed, savepoint,
		diagnosed, emptyResult, severalStatements, brokenPipeline,
		copyOut, copyIn, temporaryTable,
		canceled, timedOut, settings, metadata,
	})
}

// A thing that keeps to one connection of a pool, over TLS.
func connected(do func(context.Context, *sql.Conn) error) clients.Thing {
	return with("sslmode=require", do)
}

func with(parameters string, do func(context.Context, *sql.Conn) error) clients.Thing {
	return func(ctx context.Context) error {
		pool, err := the.open(parameters)
		if err != nil {
			return err
		}
		defer pool.Close()
		conn, err := pool.Conn(ctx)
		if err != nil {
			return err
		}
		defer conn.Close()
		return do(ctx, conn)
	}
}

// Neither driver goes on without TLS where a certificate has to be verified.
func overTLS(ctx context.Context) error {
	return errors.Join(with("sslmode=require", goesOn)(ctx), with("sslmode=verify-ca", goesOn)(ctx))
}

func withoutTLS(ctx context.Context) error {
	return with("sslmode=disable", goesOn)(ctx)
}

func wrongPassword(ctx context.Context) error {
	return refused(with("sslmode=require password='not the password'", goesOn)(ctx), "28P01")
}

func query[T any](ctx context.Context, conn *sql.Conn, sql string, parameters ...any) (value T, err error) {
	err = conn.QueryRowContext(ctx, sql, parameters...).Scan(&value)
	return value, err
}

func shows(ctx context.Context, conn *sql.Conn, name, wanted string) error {
	shown, err := query[string](ctx, conn, "SHOW "+name)
	return errors.Join(err, clients.Want(name, shown, wanted))
}

func run(ctx context.Context, conn *sql.Conn, statements ...string) error {
	for _, statement := range statements {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// The session answers as if nothing had been.
func goesOn(ctx context.Context, conn *sql.Conn) error {
	count, err := query[int64](ctx, conn, "SELECT count(*) FROM things")
	if err != nil {
		return fmt.Errorf("the session does not go on: %w", err)
	}
	return clients.Want("rows", count, clients.ThingRows)
}

// The error is the server's, with this SQLSTATE.
func refused(err error, code string) error {
	if said, _ := the.diagnosis(err); said != code {
		return fmt.Errorf("wanted %s, got %s %v", code, said, err)
	}
	return nil
}

func printed(ids []int64) string {
	return strings.Trim(fmt.Sprint(ids), "[]")
}
