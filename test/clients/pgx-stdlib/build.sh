go build -trimpath -o "$1/database-sql" ../lib-pq
