set work_mem='abc'
set work_mem='5 parsec'
set work_mem='10'
set work_mem=1
set work_mem='5.5MB'
show work_mem
set work_mem='1TB'
show work_mem
set work_mem=99999999999
set statement_timeout='abc'
set statement_timeout='1 parsec'
set statement_timeout=-1
set statement_timeout='30 d'
set statement_timeout='1.5min'
show statement_timeout
set statement_timeout='0x10'
show statement_timeout
set statement_timeout='1e3'
show statement_timeout
set statement_timeout=1.4
show statement_timeout
set statement_timeout=' 5 s '
show statement_timeout
set statement_timeout=''
set statement_timeout to '5s','6s'
set statement_timeout='1us'
show statement_timeout
reset statement_timeout
set enable_seqscan='o'
set enable_seqscan='of'
show enable_seqscan
set enable_seqscan='t'
set enable_seqscan=tru
set enable_seqscan=1
set enable_seqscan='2'
set enable_seqscan='yes'
set enable_seqscan='y'
show enable_seqscan
set enable_seqscan=''
set extra_float_digits=5
set extra_float_digits='x'
set extra_float_digits=2.5
show extra_float_digits
set bytea_output='x'
set client_min_messages='foo'
set client_min_messages=warning
show client_min_messages
set client_min_messages=fatal
set backslash_quote='maybe'
set constraint_exclusion=on
show constraint_exclusion
set constraint_exclusion='yes'
show constraint_exclusion
set seq_page_cost=-1
set seq_page_cost='a'
set seq_page_cost=1.50
show seq_page_cost
set random_page_cost='4.0'
show random_page_cost
set geqo_seed=2
set transaction_isolation='foo'
set default_transaction_isolation='foo'
set default_transaction_isolation='SERIALIZABLE'
show default_transaction_isolation
set datestyle='foo'
set datestyle='iso, dmy, mdy'
set datestyle='German'
show datestyle
set datestyle='sql,dmy'
show datestyle
set datestyle=default
show datestyle
set datestyle='iso','ymd'
show datestyle
set datestyle=''
show datestyle
set datestyle='iso,sql'
set timezone='foo'
set timezone='utc'
show timezone
set timezone='europe/berlin'
show timezone
set timezone='CET'
show timezone
set timezone='EST5EDT'
show timezone
set time zone 5
show timezone
set time zone -5.5
show timezone
set time zone interval '+02:00' hour to minute
show timezone
set time zone local
show timezone
set timezone='+3'
show timezone
set timezone='<+03>-03'
show timezone
set timezone=''
set timezone='UTC+3'
show timezone
set timezone='GMT'
show timezone
set timezone='Etc/UTC'
show timezone
set timezone='Z'
show timezone
set timezone='20'
set timezone='200'
set timezone='Asia/Calcutta'
show timezone
set timezone='US/Pacific'
show timezone
set intervalstyle='foo'
set intervalstyle='ISO_8601'
show intervalstyle
set intervalstyle=default
set client_encoding='foo'
set client_encoding='latin1'
show client_encoding
set client_encoding='utf-8'
show client_encoding
set names 'utf8'
show client_encoding
set client_encoding=unicode
show client_encoding
set client_encoding='SQL_ASCII'
show client_encoding
set client_encoding=default
set names default
set application_name='Größe'
show application_name
set application_name=repeat
show application_name
set search_path='a,b'
show search_path
set search_path=a,b
show search_path
set search_path to 'A b', "Cd", pg_catalog
show search_path
set search_path=''
show search_path
select set_config('search_path','',false)
show search_path
set search_path="$user"
show search_path
set search_path to 'a',
select set_config('search_path','a b',false)
select set_config('search_path','"a b", c ,d',false)
reset search_path
select set_config('statement_timeout','90s',false)
select set_config('nosuch','1',false)
select set_config('a.b',null,false)
select set_config(null,'x',false)
select set_config('is_superuser','x',false)
set transaction_read_only=on
set default_transaction_read_only=maybe
set transaction_deferrable=on
set default_transaction_deferrable=on
show default_transaction_deferrable
set local enable_sort=off
set session enable_sort=off
show enable_sort
reset enable_sort
reset nosuch
show nosuch
reset a.nosuch
show all.x
set seed=0.5
show seed
set seed=2
set log_duration=on
set session_replication_role=replica
set zero_damaged_pages=on
set in_hot_standby=on
set server_encoding='x'
set lc_messages='de'
set lc_monetary='C'
set lc_time='nosuch'
set default_text_search_config='pg_catalog.english'
show default_text_search_config
set default_text_search_config='x'
set default_tablespace='nosuch'
set temp_tablespaces='nosuch'
set role='nosuch'
set xmloption=foo
set xml option document
show xmloption
set synchronous_commit=local
show synchronous_commit
set plan_cache_mode=force_generic_plan
set jit=off
show jit
set jit_above_cost='-2'
set track_activities=off
set password_encryption='md5'
set stats_temp_directory='x'
set data_directory='x'
show data_directory
show config_file
show block_size
show max_identifier_length
show server_version_num
show lc_collate
show max_index_keys
show ssl
show wal_segment_size
show shared_buffers
show standard_conforming_strings
set standard_conforming_strings=off
show standard_conforming_strings
set escape_string_warning=off
set debug_print_plan=maybe
set vacuum_cost_delay='5ms'
show vacuum_cost_delay
set vacuum_cost_delay='1.5'
show vacuum_cost_delay
set tcp_user_timeout='1s'
show tcp_user_timeout
set client_connection_check_interval='1s'
show client_connection_check_interval
set commit_delay=1
set backend_flush_after='1MB'
show backend_flush_after
set effective_cache_size='4GB'
show effective_cache_size
set temp_buffers='8MB'
show temp_buffers
set idle_session_timeout='1 h'
show idle_session_timeout
set idle_in_transaction_session_timeout='36000s'
show idle_in_transaction_session_timeout
set lock_timeout=5000
show lock_timeout
begin
set local statement_timeout='1s'
show statement_timeout
commit
show statement_timeout
begin
set a.c='1'
rollback
show a.c
begin
set local a.d='1'
commit
show a.d
select current_setting('a.d')
select current_setting('statement_timeout'), current_setting('STATEMENT_TIMEOUT')
select current_setting('nosuch')
select current_setting('nosuch', true)
select current_setting('nosuch', false)
select current_setting(null)
set x to a b
set x =
set x.y to default
set "search_path" = a
set SEARCH_PATH to public
set session characteristics as transaction isolation level serializable, read only
show default_transaction_isolation
show default_transaction_read_only
set session characteristics as transaction read write, deferrable
show default_transaction_deferrable
show default_transaction_read_only
reset all
show default_transaction_isolation
set transaction snapshot 'x'
set session characteristics as transaction isolation level foo
show transaction isolation level
show session authorization
show time zone
set constraints all deferred
set schema 'x'
show search_path
set session schema 'q y'
show search_path
set local schema 'x'
set session time zone 'UTC'
set xyz.abc to 'a', 'b'
show xyz.abc
set xyz.abc to 1
show xyz.abc
set xyz.abc to on
show xyz.abc
set xyz.abc to 1.50
show xyz.abc
set xyz.abc to default
show xyz.abc
select pg_terminate_backend(99999, -5)
notify x
select pg_notify('', 'a')
select pg_notify(repeat('x',64), 'a')
select pg_notify('x', repeat('x',8000))
select pg_notify('x', repeat('x',7999))
notify abc, 'hi'
begin
listen abc
select pg_listening_channels()
commit
select pg_listening_channels()
begin
notify abc, 'a'
notify abc, 'a'
notify abc, 'b'
notify abc, 'a'
commit
listen "Weird Name"
select * from pg_listening_channels()
unlisten *
begin
select 1/0
listen q
rollback
set transaction_timeout='1s'
prepare p as select 1
select 1/0
set session authorization postgres
set role postgres
set role ana
set role none
reset role
set session authorization ana
set session authorization default
reset session authorization
set role nobodyx
set session authorization nobodyx
show role
show session_authorization
set x.y = 'a'
show x.y
show x.z
select current_setting('x.z')
select current_setting('x.z', true)
set x.y.z = 1
set "x-y".z=1
set abc=1
set server_version='1'
set max_connections=5
set log_statement='all'
set shared_buffers='1MB'
set port=1
set ssl=on
reset server_version
set wal_level='x'
begin
set transaction isolation level serializable
show transaction_isolation
rollback
begin
select 1
set transaction isolation level serializable
rollback
begin
savepoint a
set transaction isolation level serializable
rollback
begin read only
select 1
set transaction_read_only=off
rollback
begin read only
savepoint a
set transaction read write
rollback
set transaction read only
set local work_mem='5MB'
discard all
begin
discard all
rollback
begin
discard temp
discard plans
discard sequences
rollback
execute nope
deallocate nope
prepare pp(int, text) as select $1, $2
execute pp(1)
execute pp('x', 1)
execute pp(1+1, upper('a'))
execute pp(1.6,2)
execute pp(now(), 'a')
execute pp((select 1),'a')
execute pp($1, 2)
prepare pq(nosuch) as select $1
prepare pp as select 1
deallocate prepare pp
deallocate all
savepoint a
release a
rollback to a
begin
savepoint a
savepoint a
release a
release a
release a
rollback
begin
savepoint a
select 1/0
savepoint b
release a
rollback to nope
rollback to a
select 1
release a
commit
begin
begin
commit
commit
rollback
commit and chain
rollback and chain
begin
commit and chain
show transaction_isolation
rollback
