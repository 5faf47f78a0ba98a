cargo build --quiet --locked --workspace --jobs 2 --target-dir "$1/../cargo" &&
  cp "$1/../cargo/debug/sqlx-client" "$1"
