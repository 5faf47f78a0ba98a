go build -trimpath -o "$1/pgx" .
