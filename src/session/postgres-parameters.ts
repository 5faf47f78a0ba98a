/**
 * PostgreSQL 15's run-time parameters (chapter 20), as its pg_settings has them, less those of
 * parameter-table.ts: by who may change them, one a line: name, type (numbers with unit, least and
 * most, enums with their values) and behind a bar the value in a fresh installation. `!` is a value
 * that only a superuser may see.
 */
export const POSTGRES_PARAMETERS = {
  user: `
array_nulls bool|on
backend_flush_after int 8kB 0 256|0
backslash_quote enum safe_encoding,on,off|safe_encoding
check_function_bodies bool|on
client_connection_check_interval int ms 0 2147483647|0
client_min_messages enum debug5,debug4,debug3,debug2,debug1,log,notice,warning,error|notice
commit_siblings int - 0 1000|5
constraint_exclusion enum partition,on,off|partition
cpu_index_tuple_cost real - 0 1.79769e+308|0.005
cpu_operator_cost real - 0 1.79769e+308|0.0025
cpu_tuple_cost real - 0 1.79769e+308|0.01
cursor_tuple_fraction real - 0 1|0.1
debug_pretty_print bool|on
debug_print_parse bool|off
debug_print_plan bool|off
debug_print_rewritten bool|off
default_statistics_target int - 1 10000|100
default_table_access_method string|heap
default_toast_compression enum pglz,lz4|pglz
default_transaction_deferrable bool|off
effective_cache_size int 8kB 1 2147483647|524288
effective_io_concurrency int - 0 1000|1
enable_async_append bool|on
enable_bitmapscan bool|on
enable_gathermerge bool|on
enable_hashagg bool|on
enable_hashjoin bool|on
enable_incremental_sort bool|on
enable_indexonlyscan bool|on
enable_indexscan bool|on
enable_material bool|on
enable_memoize bool|on
enable_mergejoin bool|on
enable_nestloop bool|on
enable_parallel_append bool|on
enable_parallel_hash bool|on
enable_partition_pruning bool|on
enable_partitionwise_aggregate bool|off
enable_partitionwise_join bool|off
enable_seqscan bool|on
enable_sort bool|on
enable_tidscan bool|on
escape_string_warning bool|on
exit_on_error bool|off
extra_float_digits int - -15 3|1
force_parallel_mode enum off,on,regress|off
from_collapse_limit int - 1 2147483647|8
geqo bool|on
geqo_effort int - 1 10|5
geqo_generations int - 0 2147483647|0
geqo_pool_size int - 0 2147483647|0
geqo_seed real - 0 1|0
geqo_selection_bias real - 1.5 2|2
geqo_threshold int - 2 2147483647|12
gin_fuzzy_search_limit int - 0 2147483647|0
gin_pending_list_limit int kB 64 2147483647|4096
hash_mem_multiplier real - 1 1000|2
idle_in_transaction_session_timeout int ms 0 2147483647|0
idle_session_timeout int ms 0 2147483647|0
jit bool|on
jit_above_cost real - -1 1.79769e+308|100000
jit_expressions bool|on
jit_inline_above_cost real - -1 1.79769e+308|500000
jit_optimize_above_cost real - -1 1.79769e+308|500000
jit_tuple_deforming bool|on
join_collapse_limit int - 1 2147483647|8
local_preload_libraries string|
lock_timeout int ms 0 2147483647|0
log_parameter_max_length_on_error int B -1 1073741823|0
logical_decoding_work_mem int kB 64 2147483647|65536
maintenance_io_concurrency int - 0 1000|10
maintenance_work_mem int kB 1024 2147483647|65536
max_parallel_maintenance_workers int - 0 1024|2
max_parallel_workers int - 0 1024|8
max_parallel_workers_per_gather int - 0 1024|2
min_parallel_index_scan_size int 8kB 0 715827882|64
min_parallel_table_scan_size int 8kB 0 715827882|1024
parallel_leader_participation bool|on
parallel_setup_cost real - 0 1.79769e+308|1000
parallel_tuple_cost real - 0 1.79769e+308|0.1
password_encryption enum md5,scram-sha-256|scram-sha-256
plan_cache_mode enum auto,force_generic_plan,force_custom_plan|auto
quote_all_identifiers bool|off
random_page_cost real - 0 1.79769e+308|4
recursive_worktable_factor real - 0.001 1e+06|10
restrict_nonsystem_relation_kind string|
row_security bool|on
seq_page_cost real - 0 1.79769e+308|1
statement_timeout int ms 0 2147483647|0
stats_fetch_consistency enum none,cache,snapshot|cache
synchronize_seqscans bool|on
synchronous_commit enum local,remote_write,remote_apply,on,off|on
tcp_keepalives_count int - 0 2147483647|9
tcp_keepalives_idle int s 0 2147483647|7200
tcp_keepalives_interval int s 0 2147483647|75
tcp_user_timeout int ms 0 2147483647|0
temp_buffers int 8kB 100 1073741823|1024
timezone_abbreviations string|Default
trace_notify bool|off
trace_sort bool|off
transform_null_equals bool|off
vacuum_cost_delay real ms 0 100|0
vacuum_cost_limit int - 1 10000|200
vacuum_cost_page_dirty int - 0 10000|20
vacuum_cost_page_hit int - 0 10000|1
vacuum_cost_page_miss int - 0 10000|2
vacuum_failsafe_age int - 0 2100000000|1600000000
vacuum_freeze_min_age int - 0 1000000000|50000000
vacuum_freeze_table_age int - 0 2000000000|150000000
vacuum_multixact_failsafe_age int - 0 2100000000|1600000000
vacuum_multixact_freeze_min_age int - 0 1000000000|5000000
vacuum_multixact_freeze_table_age int - 0 2000000000|150000000
wal_sender_timeout int ms 0 2147483647|60000
wal_skip_threshold int kB 0 2147483647|2048
work_mem int kB 64 2147483647|4096
xmlbinary enum base64,hex|base64
xmloption enum content,document|content`,
  superuser: `
allow_in_place_tablespaces bool|off
allow_system_table_mods bool|off
backtrace_functions string|
commit_delay int - 0 100000|0
compute_query_id enum auto,regress,on,off|auto
deadlock_timeout int ms 1 2147483647|1000
debug_discard_caches int - 0 0|0
dynamic_library_path string|!
extension_destdir string|!
ignore_checksum_failure bool|off
jit_dump_bitcode bool|off
lc_messages string|C
lo_compat_privileges bool|off
log_duration bool|off
log_error_verbosity enum terse,default,verbose|default
log_executor_stats bool|off
log_lock_waits bool|off
log_min_duration_sample int ms -1 2147483647|-1
log_min_duration_statement int ms -1 2147483647|-1
log_min_error_statement enum debug5,debug4,debug3,debug2,debug1,info,notice,warning,error,log,fatal,panic|error
log_min_messages enum debug5,debug4,debug3,debug2,debug1,info,notice,warning,error,log,fatal,panic|warning
log_parameter_max_length int B -1 1073741823|-1
log_parser_stats bool|off
log_planner_stats bool|off
log_replication_commands bool|off
log_statement enum none,ddl,mod,all|none
log_statement_sample_rate real - 0 1|1
log_statement_stats bool|off
log_temp_files int kB -1 2147483647|-1
log_transaction_sample_rate real - 0 1|0
max_stack_depth int kB 100 2147483647|2048
session_preload_libraries string|!
session_replication_role enum origin,replica,local|origin
temp_file_limit int kB -1 2147483647|-1
track_activities bool|on
track_counts bool|on
track_functions enum none,pl,all|none
track_io_timing bool|off
track_wal_io_timing bool|off
update_process_title bool|on
wal_compression enum pglz,lz4,zstd,on,off|off
wal_consistency_checking string|
wal_init_zero bool|on
wal_recycle bool|on
zero_damaged_pages bool|off`,
  sighup: `
archive_cleanup_command string|
archive_command string|(disabled)
archive_library string|
archive_timeout int s 0 1073741823|0
authentication_timeout int s 1 600|60
autovacuum bool|on
autovacuum_analyze_scale_factor real - 0 100|0.1
autovacuum_analyze_threshold int - 0 2147483647|50
autovacuum_naptime int s 1 2147483|60
autovacuum_vacuum_cost_delay real ms -1 100|2
autovacuum_vacuum_cost_limit int - -1 10000|-1
autovacuum_vacuum_insert_scale_factor real - 0 100|0.2
autovacuum_vacuum_insert_threshold int - -1 2147483647|1000
autovacuum_vacuum_scale_factor real - 0 100|0.2
autovacuum_vacuum_threshold int - 0 2147483647|50
autovacuum_work_mem int kB -1 2147483647|-1
bgwriter_delay int ms 10 10000|200
bgwriter_flush_after int 8kB 0 256|64
bgwriter_lru_maxpages int - 0 1073741823|100
bgwriter_lru_multiplier real - 0 10|2
checkpoint_completion_target real - 0 1|0.9
checkpoint_flush_after int 8kB 0 256|32
checkpoint_timeout int s 30 86400|300
checkpoint_warning int s 0 2147483647|30
db_user_namespace bool|off
fsync bool|on
full_page_writes bool|on
hot_standby_feedback bool|off
krb_caseins_users bool|off
krb_server_keyfile string|!
log_autovacuum_min_duration int ms -1 2147483647|600000
log_checkpoints bool|on
log_destination string|stderr
log_directory string|!
log_file_mode int - 0 511|0600
log_filename string|!
log_hostname bool|off
log_line_prefix string|%m [%p]
log_recovery_conflict_waits bool|off
log_rotation_age int min 0 35791394|1440
log_rotation_size int kB 0 2097151|10240
log_startup_progress_interval int ms 0 2147483647|10000
log_timezone string|Etc/UTC
log_truncate_on_rotation bool|off
max_pred_locks_per_page int - 0 2147483647|2
max_pred_locks_per_relation int - -2147483648 2147483647|-2
max_slot_wal_keep_size int MB -1 2147483647|-1
max_standby_archive_delay int ms -1 2147483647|30000
max_standby_streaming_delay int ms -1 2147483647|30000
max_sync_workers_per_subscription int - 0 262143|2
max_wal_size int MB 2 2147483647|1024
min_wal_size int MB 2 2147483647|80
pre_auth_delay int s 0 60|0
primary_conninfo string|!
primary_slot_name string|
promote_trigger_file string|
recovery_end_command string|
recovery_init_sync_method enum fsync,syncfs|fsync
recovery_min_apply_delay int ms 0 2147483647|0
recovery_prefetch enum off,on,try|try
remove_temp_files_after_crash bool|on
restart_after_crash bool|on
restore_command string|
ssl bool|off
ssl_ca_file string|
ssl_cert_file string|server.crt
ssl_ciphers string|!
ssl_crl_dir string|
ssl_crl_file string|
ssl_dh_params_file string|!
ssl_ecdh_curve string|!
ssl_key_file string|server.key
ssl_max_protocol_version string|!
ssl_min_protocol_version string|!
ssl_passphrase_command string|!
ssl_passphrase_command_supports_reload bool|off
ssl_prefer_server_ciphers bool|on
synchronous_standby_names string|
syslog_facility enum local0,local1,local2,local3,local4,local5,local6,local7|local0
syslog_ident string|postgres
syslog_sequence_numbers bool|on
syslog_split_messages bool|on
trace_recovery_messages enum debug5,debug4,debug3,debug2,debug1,log,notice,warning,error|log
vacuum_defer_cleanup_age int - 0 1000000|0
wal_keep_size int MB 0 2147483647|0
wal_receiver_create_temp_slot bool|off
wal_receiver_status_interval int s 0 2147483|10
wal_receiver_timeout int ms 0 2147483647|60000
wal_retrieve_retry_interval int ms 1 2147483647|5000
wal_sync_method enum fsync,fdatasync,open_sync,open_datasync|fdatasync
wal_writer_delay int ms 1 10000|200
wal_writer_flush_after int 8kB 0 2147483647|128`,
  backend: `
ignore_system_indexes bool|off
jit_debugging_support bool|off
jit_profiling_support bool|off
log_connections bool|off
log_disconnections bool|off
post_auth_delay int s 0 2147|0`,
  postmaster: `
archive_mode enum always,on,off|off
autovacuum_freeze_max_age int - 100000 2000000000|200000000
autovacuum_max_workers int - 1 262143|3
autovacuum_multixact_freeze_max_age int - 10000 2000000000|400000000
bonjour bool|off
bonjour_name string|
cluster_name string|
config_file string|!
data_directory string|!
data_sync_retry bool|off
dynamic_shared_memory_type enum posix,sysv,mmap|posix
event_source string|PostgreSQL
external_pid_file string|!
hba_file string|!
hot_standby bool|on
huge_page_size int kB 0 2147483647|0
huge_pages enum off,on,try|try
ident_file string|!
ignore_invalid_pages bool|off
jit_provider string|!
listen_addresses string|localhost
logging_collector bool|off
max_connections int - 1 262143|100
max_files_per_process int - 64 2147483647|1000
max_locks_per_transaction int - 10 2147483647|64
max_logical_replication_workers int - 0 262143|4
max_pred_locks_per_transaction int - 10 2147483647|64
max_prepared_transactions int - 0 262143|0
max_replication_slots int - 0 262143|10
max_wal_senders int - 0 262143|10
max_worker_processes int - 0 262143|8
min_dynamic_shared_memory int MB 0 2147483647|0
old_snapshot_threshold int min -1 86400|-1
port int - 1 65535|5433
recovery_target string|
recovery_target_action enum pause,promote,shutdown|pause
recovery_target_inclusive bool|on
recovery_target_lsn string|
recovery_target_name string|
recovery_target_time string|
recovery_target_timeline string|latest
recovery_target_xid string|
shared_buffers int 8kB 16 1073741823|16384
shared_memory_type enum sysv,mmap|mmap
shared_preload_libraries string|!
superuser_reserved_connections int - 0 262143|3
track_activity_query_size int B 100 1048576|1024
track_commit_timestamp bool|off
unix_socket_directories string|!
unix_socket_group string|
unix_socket_permissions int - 0 511|0777
wal_buffers int 8kB -1 262143|512
wal_decode_buffer_size int B 65536 1073741823|524288
wal_level enum minimal,replica,logical|replica
wal_log_hints bool|off`,
  internal: `
block_size int - 8192 8192|8192
data_checksums bool|off
data_directory_mode int - 0 511|0700
debug_assertions bool|off
lc_collate string|C
lc_ctype string|C
max_function_args int - 100 100|100
max_identifier_length int - 63 63|63
max_index_keys int - 32 32|32
segment_size int 8kB 131072 131072|131072
shared_memory_size int MB 0 2147483647|143
shared_memory_size_in_huge_pages int - -1 2147483647|72
ssl_library string|OpenSSL
wal_block_size int - 8192 8192|8192
wal_segment_size int B 1048576 1073741824|16777216`,
} as const;
