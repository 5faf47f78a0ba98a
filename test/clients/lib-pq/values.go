package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	clients "bucketgres.test/clients"
	"github.com/lib/pq"
)

func typedRows(ctx context.Context) error {
	return with("sslmode=require"+the.text, compareRows)(ctx)
}

func binaryResults(ctx context.Context) error {
	return with("sslmode=require"+the.binary, compareRows)(ctx)
}

func compareRows(ctx context.Context, conn *sql.Conn) error {
	rows, err := conn.QueryContext(ctx, "SELECT id, price, name, active, day, at FROM things WHERE id <= $1 ORDER BY id", clients.ThingRows)
	if err != nil {
		return err
	}
	defer rows.Close()
	var wanted int64
	for rows.Next() {
		wanted++
		var (
			id          int64
			price, name sql.NullString
			active      sql.NullBool
			day, at     sql.NullTime
		)
		err := rows.Scan(&id, &price, &name, &active, &day, &at)
		line := clients.Line(id, or(price.Valid, price.String), or(name.Valid, name.String), or(active.Valid, active.Bool),
			or(day.Valid, day.Time.Format(time.DateOnly)), or(at.Valid, at.Time.Format(clients.Timestamp)))
		if err := errors.Join(err, clients.Want("a row", line, clients.Row(wanted))); err != nil {
			return err
		}
	}
	return errors.Join(rows.Err(), clients.Want("rows", wanted, clients.ThingRows))
}

func or(valid bool, value any) any {
	if !valid {
		return "NULL"
	}
	return value
}

func textParameters(ctx context.Context) error {
	return with("sslmode=require"+the.text, func(ctx context.Context, conn *sql.Conn) error {
		id, err := query[int64](ctx, conn, "SELECT id FROM things WHERE price = $1 AND name = $2 AND day = $3",
			"-97.50", `O'Brien "2"`, "2024-01-02")
		return errors.Join(err, clients.Want("the row", id, 2))
	})(ctx)
}

func everyKind(ctx context.Context) error {
	for _, format := range []string{the.text, the.binary} {
		if err := with("sslmode=require"+format, compareKinds)(ctx); err != nil {
			return fmt.Errorf("%s: %w", format, err)
		}
	}
	return nil
}

func compareKinds(ctx context.Context, conn *sql.Conn) error {
	day := time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)
	at := time.Date(1969, 12, 31, 23, 59, 59, 123456000, time.UTC)
	data := []byte{0, 1, 0xfe, 0xff, '\\', '\''}
	number, name := "-1234567890123456789.0123456789", "Größe 😀 O'Brien\\"
	values := "SELECT $1::text, $2::text, $3::numeric(30,10), $4::date, $5::timestamp, $6::bytea, $7::boolean, $8::bigint, $9::float8, $10::timestamptz"
	for _, from := range []string{"", " FROM things WHERE id = 1"} {
		var (
			none                 sql.NullString
			text, numeric        string
			date, stamp, instant time.Time
			bytea                []byte
			boolean              bool
			bigint               int64
			double               float64
		)
		err := conn.QueryRowContext(ctx, values+from, nil, name, number, day, at, data, true, int64(-1)<<63, 0.1, at).
			Scan(&none, &text, &numeric, &date, &stamp, &bytea, &boolean, &bigint, &double, &instant)
		if err != nil {
			return fmt.Errorf("%q: %w", from, err)
		}
		same := !none.Valid && text == name && date.Equal(day) && stamp.Equal(at) && bytes.Equal(bytea, data) &&
			boolean && bigint == int64(-1)<<63 && double == 0.1 && instant.Equal(at)
		err = errors.Join(clients.Want("the values came back"+from, same, true), clients.Want("the number"+from, numeric, number))
		if err != nil {
			return err
		}
	}
	return nil
}

var arrays = connected(func(ctx context.Context, conn *sql.Conn) error {
	count, err := query[int64](ctx, conn, "SELECT count(*) FROM things WHERE id = ANY($1)", pq.Array([]int64{1, 2, 3, 5000}))
	if err != nil {
		return err
	}
	named, err := query[int64](ctx, conn, "SELECT count(*) FROM things WHERE name = ANY($1)", pq.Array([]string{"Größe 1", `O'Brien "2"`, "NULL"}))
	if err != nil {
		return err
	}
	var ids []int64
	var names []sql.NullString
	err = conn.QueryRowContext(ctx, "SELECT array_agg(id ORDER BY id), array_agg(name ORDER BY id) FROM things WHERE id BETWEEN 2 AND 5").
		Scan(pq.Array(&ids), pq.Array(&names))
	return errors.Join(err, clients.Want("ids found", count, 3), clients.Want("names found", named, 2), clients.Want("ids", printed(ids), "2 3 4 5"),
		clients.Want("names", fmt.Sprint(names), `[{O'Brien "2" true} {😀, 3 true} {back\slash 4 true} { false}]`))
})

var emptyResult = connected(func(ctx context.Context, conn *sql.Conn) error {
	rows, err := conn.QueryContext(ctx, "SELECT id, price, name, active, day, at FROM things WHERE id < 0")
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.ColumnTypes()
	if err != nil {
		return err
	}
	described := ""
	for _, column := range columns {
		described += column.Name() + " " + column.DatabaseTypeName()
		if precision, scale, ok := column.DecimalSize(); ok && column.DatabaseTypeName() == "NUMERIC" {
			described += fmt.Sprintf("(%d,%d)", precision, scale)
		}
		described += ","
	}
	if rows.Next() {
		return errors.New("there is a row")
	}
	return errors.Join(rows.Err(), clients.Want("the columns", described, "id INT8,price NUMERIC(12,2),name TEXT,active BOOL,day DATE,at TIMESTAMP,"))
})
