// Command pgx does the 25 things with pgx v5, unmodified and with its defaults.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"

	clients "bucketgres.test/clients"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

func main() {
	clients.Run("pgx", "github.com/jackc/pgx/v5", [...]clients.Thing{
		overTLS, withoutTLS, wrongPassword,
		typedRows, textParameters, binaryResults, everyKind, arrays,
		preparedStatement, streamed, abandoned,
		committed, failed, savepoint,
		diagnosed, emptyResult, severalStatements, brokenPipeline,
		copyOut, copyIn, temporaryTable,
		canceled, timedOut, settings, metadata,
	})
}

// The host, the role and the rest come from the environment; these are added to them.
func connect(ctx context.Context, parameters string) (*pgx.Conn, error) {
	return pgx.Connect(ctx, parameters)
}

// A thing that has one connection, over TLS.
func connected(do func(context.Context, *pgx.Conn) error) clients.Thing {
	return func(ctx context.Context) error {
		conn, err := connect(ctx, "sslmode=require")
		if err != nil {
			return err
		}
		defer conn.Close(ctx)
		return do(ctx, conn)
	}
}

func overTLS(ctx context.Context) error {
	for _, parameters := range []string{
		"sslmode=verify-ca require_auth=scram-sha-256 channel_binding=require",
		"sslmode=verify-ca require_auth=scram-sha-256 channel_binding=disable",
	} {
		if err := encrypted(ctx, parameters, true); err != nil {
			return fmt.Errorf("%s: %w", parameters, err)
		}
	}
	return nil
}

func withoutTLS(ctx context.Context) error {
	return encrypted(ctx, "sslmode=disable", false)
}

func encrypted(ctx context.Context, parameters string, wanted bool) error {
	conn, err := connect(ctx, parameters)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, encrypted := conn.PgConn().Conn().(*tls.Conn)
	return errors.Join(clients.Want("encrypted", encrypted, wanted), goesOn(ctx, conn))
}

func wrongPassword(ctx context.Context) error {
	config, err := pgx.ParseConfig("sslmode=require user=" + os.Getenv("PGUSER"))
	if err != nil {
		return err
	}
	config.Password = "not the password"
	conn, err := pgx.ConnectConfig(ctx, config)
	if err == nil {
		conn.Close(ctx)
	}
	return refused(err, "28P01")
}

// The session answers as if nothing had been.
func goesOn(ctx context.Context, conn *pgx.Conn) error {
	var count int64
	if err := conn.QueryRow(ctx, "SELECT count(*) FROM things").Scan(&count); err != nil {
		return fmt.Errorf("the session does not go on: %w", err)
	}
	return clients.Want("rows", count, clients.ThingRows)
}

// The error is the server's, with this SQLSTATE.
func refused(err error, code string) error {
	var refusal *pgconn.PgError
	if !errors.As(err, &refusal) {
		return fmt.Errorf("wanted %s, got %v", code, err)
	}
	if refusal.Code != code {
		return fmt.Errorf("wanted %s, got %s: %s", code, refusal.Code, refusal.Message)
	}
	return nil
}
