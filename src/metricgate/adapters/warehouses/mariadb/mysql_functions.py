"""The names of MySQL 8's functions: unlike MariaDB, it has no table that lists them.

From the function index of its reference manual. A name that a server does not have costs nothing: it refuses the call.
That a name stands here says nothing of whether it may be called; the guard's reviewed list says that.
"""

from __future__ import annotations

MYSQL_FUNCTIONS = frozenset(
    """
    abs acos adddate addtime aes_decrypt aes_encrypt any_value ascii asin atan atan2 avg benchmark bin bin_to_uuid
    bit_and bit_count bit_length bit_or bit_xor can_access_column can_access_database can_access_table cast ceil ceiling
    char char_length character_length charset coalesce coercibility collation compress concat concat_ws connection_id
    conv convert convert_tz cos cot count crc32 cume_dist curdate current_date current_role current_time
    current_timestamp current_user curtime database date date_add date_format date_sub datediff day dayname dayofmonth
    dayofweek dayofyear default degrees dense_rank elt exp export_set extract extractvalue field find_in_set first_value
    floor format format_bytes format_pico_time found_rows from_base64 from_days from_unixtime geomcollection get_format
    get_lock greatest group_concat grouping gtid_subset gtid_subtract hex hour icu_version if ifnull inet6_aton
    inet6_ntoa inet_aton inet_ntoa insert instr interval is_free_lock is_ipv4 is_ipv4_compat is_ipv4_mapped is_ipv6
    is_used_lock is_uuid isnull json_array json_array_append json_array_insert json_arrayagg json_contains
    json_contains_path json_depth json_extract json_insert json_keys json_length json_merge json_merge_patch
    json_merge_preserve json_object json_objectagg json_overlaps json_pretty json_quote json_remove json_replace
    json_schema_valid json_schema_validation_report json_search json_set json_storage_free json_storage_size json_table
    json_type json_unquote json_valid json_value lag last_day last_insert_id last_value lcase lead least left length ln
    load_file localtime localtimestamp locate log log10 log2 lower lpad ltrim make_set makedate maketime master_pos_wait
    max md5 microsecond mid min minute mod month monthname name_const now nth_value ntile nullif oct octet_length ord
    percent_rank period_add period_diff pi position pow power ps_current_thread_id ps_thread_id quarter quote radians
    rand random_bytes rank regexp_instr regexp_like regexp_replace regexp_substr release_all_locks release_lock repeat
    replace reverse right roles_graphml round row_count row_number rpad rtrim schema sec_to_time second session_user
    sha sha1 sha2 sign sin sleep soundex space sqrt statement_digest statement_digest_text std stddev stddev_pop
    stddev_samp str_to_date strcmp subdate substr substring substring_index subtime sum sysdate system_user tan time
    time_format time_to_sec timediff timestamp timestampadd timestampdiff to_base64 to_days to_seconds trim truncate
    ucase uncompress uncompressed_length unhex unix_timestamp updatexml upper user utc_date utc_time utc_timestamp uuid
    uuid_short uuid_to_bin validate_password_strength values var_pop var_samp variance version
    wait_for_executed_gtid_set week weekday weekofyear weight_string year yearweek
    """.split()  # noqa: SIM905 - as in an index
)
