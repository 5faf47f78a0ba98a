package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	clients "bucketgres.test/clients"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

var typedRows = connected(func(ctx context.Context, conn *pgx.Conn) error {
	return compareRows(ctx, conn, pgx.TextFormatCode)
})

var binaryResults = connected(func(ctx context.Context, conn *pgx.Conn) error {
	return compareRows(ctx, conn, pgx.BinaryFormatCode)
})

func compareRows(ctx context.Context, conn *pgx.Conn, format int16) error {
	formats := make(pgx.QueryResultFormats, 6)
	for index := range formats {
		formats[index] = format
	}
	rows, err := conn.Query(ctx, "SELECT id, price, name, active, day, at FROM things WHERE id <= $1 ORDER BY id", formats, clients.ThingRows)
	if err != nil {
		return err
	}
	defer rows.Close()
	var wanted int64
	for rows.Next() {
		wanted++
		line, err := thing(rows)
		if err := errors.Join(err, clients.Want("a row", line, clients.Row(wanted))); err != nil {
			return err
		}
	}
	for _, field := range rows.FieldDescriptions() {
		if err := clients.Want("the format of "+field.Name, field.Format, format); err != nil {
			return err
		}
	}
	return errors.Join(rows.Err(), clients.Want("rows", wanted, clients.ThingRows))
}

func thing(row pgx.Row) (string, error) {
	var (
		id     int64
		price  pgtype.Numeric
		name   pgtype.Text
		active pgtype.Bool
		day    pgtype.Date
		at     pgtype.Timestamp
	)
	if err := row.Scan(&id, &price, &name, &active, &day, &at); err != nil {
		return "", err
	}
	return clients.Line(id, or(price.Valid, decimal(price)), or(name.Valid, name.String), or(active.Valid, active.Bool),
		or(day.Valid, day.Time.Format(time.DateOnly)), or(at.Valid, at.Time.Format(clients.Timestamp))), nil
}

func or(valid bool, value any) any {
	if !valid {
		return "NULL"
	}
	return value
}

// With two digits, whatever the number's own scale is.
func decimal(number pgtype.Numeric) string {
	float, err := number.Float64Value()
	if err != nil || !float.Valid {
		return "no number"
	}
	return fmt.Sprintf("%.2f", float.Float64)
}

var textParameters = connected(func(ctx context.Context, conn *pgx.Conn) error {
	// These modes describe no statement: the parameters go as text, without a type or inside the SQL.
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol} {
		var id int64
		err := conn.QueryRow(ctx, "SELECT id FROM things WHERE price = $1 AND name = $2 AND day = $3",
			mode, "-97.50", `O'Brien "2"`, "2024-01-02").Scan(&id)
		if err := errors.Join(err, clients.Want(mode.String(), id, 2)); err != nil {
			return err
		}
	}
	return nil
})

var everyKind = connected(func(ctx context.Context, conn *pgx.Conn) error {
	day := time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)
	at := time.Date(1969, 12, 31, 23, 59, 59, 123456000, time.UTC)
	data := []byte{0, 1, 0xfe, 0xff, '\\', '\''}
	number := pgtype.Numeric{}
	if err := number.Scan("-1234567890123456789.0123456789"); err != nil {
		return err
	}
	sql := "SELECT $1::text, $2::text, $3::numeric(30,10), $4::date, $5::timestamp, $6::bytea, $7::boolean, $8::bigint, $9::float8, $10::timestamptz"
	for _, from := range []string{"", " FROM things WHERE id = 1"} {
		var (
			none    *string
			text    string
			numeric pgtype.Numeric
			date    time.Time
			stamp   time.Time
			bytea   []byte
			boolean bool
			bigint  int64
			double  float64
			instant time.Time
		)
		err := conn.QueryRow(ctx, sql+from, nil, "Größe 😀 O'Brien\\", number, day, at, data, true, int64(-1)<<63, 0.1, at).
			Scan(&none, &text, &numeric, &date, &stamp, &bytea, &boolean, &bigint, &double, &instant)
		if err != nil {
			return fmt.Errorf("%q: %w", from, err)
		}
		printed, err := numeric.Value()
		same := none == nil && text == "Größe 😀 O'Brien\\" && date.Equal(day) && stamp.Equal(at) && bytes.Equal(bytea, data) &&
			boolean && bigint == int64(-1)<<63 && double == 0.1 && instant.Equal(at)
		err = errors.Join(err, clients.Want("the values came back"+from, same, true),
			clients.Want("the number"+from, printed, "-1234567890123456789.0123456789"))
		if err != nil {
			return err
		}
	}
	return nil
})

var arrays = connected(func(ctx context.Context, conn *pgx.Conn) error {
	var count int64
	if err := conn.QueryRow(ctx, "SELECT count(*) FROM things WHERE id = ANY($1)", []int64{1, 2, 3, 5000}).Scan(&count); err != nil {
		return err
	}
	var named int64
	if err := conn.QueryRow(ctx, "SELECT count(*) FROM things WHERE name = ANY($1)", []string{"Größe 1", `O'Brien "2"`, "NULL"}).Scan(&named); err != nil {
		return err
	}
	var ids []int64
	var texts []*string
	err := conn.QueryRow(ctx, "SELECT array_agg(id ORDER BY id), array_agg(name ORDER BY id) FROM things WHERE id BETWEEN 2 AND 5").Scan(&ids, &texts)
	if err != nil {
		return err
	}
	if len(texts) != 4 || texts[3] != nil {
		return fmt.Errorf("the names are %v", texts)
	}
	return errors.Join(clients.Want("ids found", count, 3), clients.Want("names found", named, 2), clients.Want("ids", ids, []int64{2, 3, 4, 5}),
		clients.Want("names", []string{*texts[0], *texts[1], *texts[2]}, []string{`O'Brien "2"`, "😀, 3", `back\slash 4`}))
})

var emptyResult = connected(func(ctx context.Context, conn *pgx.Conn) error {
	rows, err := conn.Query(ctx, "SELECT id, price, name, active, day, at FROM things WHERE id < 0")
	if err != nil {
		return err
	}
	defer rows.Close()
	described := ""
	for _, field := range rows.FieldDescriptions() {
		described += fmt.Sprintf("%s %d %d,", field.Name, field.DataTypeOID, field.TypeModifier)
	}
	if rows.Next() {
		return errors.New("there is a row")
	}
	return errors.Join(rows.Err(), clients.Want("the columns", described,
		"id 20 -1,price 1700 786438,name 25 -1,active 16 -1,day 1082 -1,at 1114 -1,"))
})
