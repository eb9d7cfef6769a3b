"""MariaDB's and MySQL's harmless functions: they read their arguments and nothing else.

Left out on purpose: files (``load_file``), locks, ``sleep``, ``benchmark``, replication waits, sessions and accounts
(``user``, ``connection_id``, ``database``, ``found_rows``, ``row_count``, ``last_insert_id``), sequences, encryption,
``extractvalue``/``updatexml`` (their errors show values), ``name_const``, ``uuid`` (shows the host), ``version``.
"""

from __future__ import annotations

_REVIEWED_WORDS = """
    abs acos add_months adddate addtime ascii asin atan atan2 bin bit_and bit_count bit_length bit_or bit_xor cast
    ceil ceiling char_length character_length charset chr coalesce coercibility collation concat concat_ws conv
    convert_tz cos cot count crc32 crc32c cume_dist curdate curtime date_add date_format date_sub datediff dayname
    dayofmonth dayofweek dayofyear degrees dense_rank elt exp export_set extract field find_in_set first_value floor
    format from_base64 from_days from_unixtime greatest group_concat hex ifnull inet6_aton inet6_ntoa inet_aton
    inet_ntoa instr is_ipv4 is_ipv4_compat is_ipv4_mapped is_ipv6 isnull json_array json_array_append
    json_array_insert json_arrayagg json_compact json_contains json_contains_path json_depth json_detailed
    json_equals json_exists json_extract json_insert json_keys json_length json_loose json_merge json_merge_patch
    json_merge_preserve json_normalize json_object json_objectagg json_overlaps json_pretty json_query json_quote
    json_remove json_replace json_search json_set json_type json_unquote json_valid json_value lag last_day
    last_value lcase lead least length lengthb ln locate log log10 log2 lower lpad ltrim make_set makedate maketime
    max md5 median microsecond mid min mod monthname natural_sort_key now nth_value ntile nullif nvl nvl2 oct
    octet_length ord percent_rank percentile_cont percentile_disc period_add period_diff pi position pow power
    quarter quote radians rand rank regexp_instr regexp_like regexp_replace regexp_substr reverse round rpad rtrim
    sec_to_time sformat sha sha1 sha2 sign sin soundex space sqrt std stddev stddev_pop stddev_samp str_to_date
    strcmp subdate substr substring substring_index subtime sum tan time_format time_to_sec timediff to_base64
    to_char to_days to_seconds trim ucase unhex unix_timestamp upper var_pop var_samp variance week weekday
    weekofyear yearweek
"""
REVIEWED = frozenset(_REVIEWED_WORDS.split())

_GRAMMAR_WORDS = """
    adddate any_value avg binary bit_and bit_or bit_xor cast char coalesce concat convert count curdate current_date
    current_time current_timestamp curtime date date_add date_sub day extract get_format greatest group_concat hour
    if ifnull insert interval json_arrayagg json_objectagg least left localtime localtimestamp lower max mid min
    minute mod month now nullif position quarter repeat replace right row row_number rtrim second std stddev
    stddev_pop stddev_samp str_to_date subdate substr substring sum sysdate time timestamp timestampadd timestampdiff
    trim truncate upper utc_date utc_time utc_timestamp var_pop var_samp variance week weekday year
"""
GRAMMAR = frozenset(_GRAMMAR_WORDS.split())
"""What the parser itself understands; the catalogue does not list them all."""

TABLES: frozenset[str] = frozenset()
"""Functions that may stand in FROM."""
