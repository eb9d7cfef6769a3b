"""PostgreSQL's harmless functions, all of ``pg_catalog``: they read their arguments and nothing else.

Left out on purpose, STABLE and IMMUTABLE ones too: whatever reads files, catalogs, settings, sessions, privileges,
sequences or large objects, runs text as SQL or XML queries, locks, sleeps, notifies, cancels; ``set_config``,
``txid_*``, ``*_to_xml``, ``to_reg*``, ``row_security_active``, internal in/out/selectivity functions.
"""

from __future__ import annotations

_REVIEWED_WORDS = """
    abbrev abs acos acosd acosh age any_value area array_agg array_append array_cat array_dims array_fill
    array_length array_lower array_ndims array_position array_positions array_prepend array_remove array_replace
    array_sample array_shuffle array_to_json array_to_string array_to_tsvector array_upper ascii asin asind asinh
    atan atan2 atan2d atand atanh avg bit_and bit_count bit_length bit_or bit_xor bool_and bool_or broadcast btrim
    cardinality cbrt ceil ceiling center char_length character_length chr clock_timestamp concat concat_ws convert
    convert_from convert_to corr cos cosd cosh cot cotd count covar_pop covar_samp cume_dist date date_add date_bin
    date_part date_subtract date_trunc daterange decode degrees dense_rank diameter div encode erf erfc every exp
    extract factorial family first_value floor format gcd gen_random_uuid generate_series generate_subscripts
    get_bit get_byte greatest host hostmask initcap int4range int8range is_normalized isempty isfinite json_agg
    json_agg_strict json_array_elements json_array_elements_text json_array_length json_build_array
    json_build_object json_each json_each_text json_extract_path json_extract_path_text json_object json_object_agg
    json_object_keys json_strip_nulls json_to_tsvector json_typeof jsonb_agg jsonb_array_elements
    jsonb_array_elements_text jsonb_array_length jsonb_build_array jsonb_build_object jsonb_each jsonb_each_text
    jsonb_exists jsonb_exists_all jsonb_exists_any jsonb_extract_path jsonb_extract_path_text jsonb_insert
    jsonb_object jsonb_object_agg jsonb_object_keys jsonb_path_exists jsonb_path_exists_tz jsonb_path_match
    jsonb_path_match_tz jsonb_path_query jsonb_path_query_array jsonb_path_query_array_tz jsonb_path_query_first
    jsonb_path_query_first_tz jsonb_path_query_tz jsonb_pretty jsonb_set jsonb_set_lax jsonb_strip_nulls
    jsonb_to_tsvector jsonb_typeof justify_days justify_hours justify_interval lag last_value lcm lead least left
    length ln log log10 lower lower_inc lower_inf lpad ltrim make_date make_interval make_time make_timestamp
    make_timestamptz masklen max md5 min min_scale mod mode netmask network normalize now npoints nth_value ntile
    nullif num_nonnulls num_nulls numnode numrange octet_length overlaps overlay parse_ident percent_rank
    percentile_cont percentile_disc pg_size_pretty phraseto_tsquery pi plainto_tsquery position pow power
    quote_ident quote_literal quote_nullable radians radius random range_agg range_intersect_agg range_merge rank
    regexp_count regexp_instr regexp_like regexp_match regexp_matches regexp_replace regexp_split_to_array
    regexp_split_to_table regexp_substr regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx
    regr_sxy regr_syy repeat replace reverse right round row_number row_to_json rpad rtrim scale setweight sha224
    sha256 sha384 sha512 sign sin sind sinh slope split_part sqrt starts_with statement_timestamp stddev stddev_pop
    stddev_samp string_agg string_to_array string_to_table strip strpos substr substring sum tan tand tanh timeofday
    timezone to_ascii to_char to_date to_hex to_json to_jsonb to_number to_timestamp to_tsquery to_tsvector
    transaction_timestamp translate trim_array trim_scale trunc ts_delete ts_filter ts_headline ts_rank ts_rank_cd
    tsquery_phrase tsrange tstzrange tsvector_to_array unistr unnest upper upper_inc upper_inf var_pop var_samp
    variance websearch_to_tsquery width_bucket
"""
REVIEWED = frozenset(_REVIEWED_WORDS.split())

_GRAMMAR_WORDS = """
    array cast coalesce collate current_date current_time current_timestamp extract greatest grouping least localtime
    localtimestamp normalize nullif overlay position row substring trim
"""
GRAMMAR = frozenset(_GRAMMAR_WORDS.split())
"""What the parser itself understands; the catalogue does not list them all."""

_TABLES_WORDS = """
    generate_series generate_subscripts json_array_elements json_array_elements_text json_each json_each_text
    json_object_keys jsonb_array_elements jsonb_array_elements_text jsonb_each jsonb_each_text jsonb_object_keys
    jsonb_path_query regexp_matches regexp_split_to_table string_to_table unnest
"""
TABLES = frozenset(_TABLES_WORDS.split())
"""Functions that may stand in FROM."""
