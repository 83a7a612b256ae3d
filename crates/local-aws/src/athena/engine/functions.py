"""The functions of Athena (engine version 3, Trino) that are answered here."""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


AGGREGATES = words(
    """any_value approx_distinct approx_percentile arbitrary array_agg avg bool_and bool_or checksum corr count
    count_if covar_pop covar_samp every geometric_mean histogram kurtosis listagg map_agg max max_by min min_by
    regr_intercept regr_slope skewness stddev stddev_pop stddev_samp sum var_pop var_samp variance
    bitwise_and_agg bitwise_or_agg"""
)

WINDOWS = words("""cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank row_number""")

SCALARS = words(
    """abs acos array_distinct array_except array_intersect array_join array_max array_min array_position array_remove
    array_sort array_union arrays_overlap asin atan atan2 bitwise_and bitwise_or bitwise_xor cardinality cast
    cbrt ceil ceiling chr coalesce codepoint concat contains cos current_date current_time current_timestamp
    date date_add date_diff date_format date_parse date_trunc day day_of_month day_of_week day_of_year degrees
    dow doy e element_at ends_with exists exp extract filter flatten floor from_base64 from_hex
    from_iso8601_date from_iso8601_timestamp from_unixtime greatest grouping hour if infinity is_finite
    is_infinite is_nan json_extract json_extract_scalar json_format json_parse last_day_of_month least length
    levenshtein_distance ln localtimestamp log log10 log2 lower lpad ltrim map map_entries map_from_entries
    map_keys map_values md5 millisecond minute mod month nan now nullif pi position pow power quarter radians
    random rand reduce regexp_count regexp_extract regexp_extract_all regexp_like regexp_replace repeat replace
    reverse round row rpad rtrim second sequence sha256 sign sin slice split split_part sqrt starts_with strpos
    substr substring tan to_base64 to_hex to_iso8601 to_unixtime transform translate trim truncate try try_cast
    unnest upper url_extract_host url_extract_path url_extract_query uuid week week_of_year year"""
)

# Athena has these; here nothing translates them.
ONLY_AT_ATHENA = words(
    """all_match any_match approx_most_frequent approx_set array_average array_frequency array_sum classifier
    combinations cosine_similarity empty_approx_set entropy format_datetime from_utf8 hash_counts
    human_readable_seconds format typeof multimap_agg at_timezone inverse_normal_cdf is_json_scalar
    json_array_contains json_array_get json_array_length json_exists json_object json_array json_query json_size
    json_table json_value jaccard_index learn_classifier map_concat map_filter map_union map_union_sum
    map_zip_with merge multimap_from_entries ngrams none_match noisy_count_gaussian normal_cdf numeric_histogram
    parse_datetime parse_duration parse_presto_data_size qdigest_agg reduce_agg shuffle soundex
    spatial_partitioning split_to_map split_to_multimap st_area st_contains st_distance st_point tdigest_agg
    timezone_hour timezone_minute to_char to_date to_milliseconds to_timestamp to_utf8 transform_keys
    transform_values trim_array url_decode url_encode url_extract_fragment url_extract_parameter
    url_extract_port url_extract_protocol value_at_quantile width_bucket with_timezone word_stem xxhash64
    year_of_week yow zip zip_with"""
)

CALLABLE = AGGREGATES | WINDOWS | SCALARS

NUMBERS = words("number unknown")
TEXTS = words("varchar unknown")
# Functions whose first argument must be of a kind.
FIRST_ARGUMENT = {
    **dict.fromkeys(
        words(
            """sum avg abs ceil ceiling floor round sqrt cbrt ln log2 log10 exp stddev variance sign geometric_mean"""
        ),
        NUMBERS,
    ),
    **dict.fromkeys(
        words(
            """lower upper length substr substring trim ltrim rtrim strpos split split_part regexp_like regexp_extract
    regexp_replace regexp_count starts_with from_iso8601_timestamp from_iso8601_date date_parse lpad rpad
    url_extract_host"""
        ),
        TEXTS,
    ),
    **dict.fromkeys(
        words("year month day hour minute second week quarter day_of_week day_of_year date_trunc date_format"),
        words("date timestamp time interval unknown"),
    ),
}

# What DuckDB has under no name, or under another than sqlglot knows.
MACROS = (
    "CREATE MACRO url_extract_host(u) AS nullif(regexp_extract(u, '^[a-zA-Z][a-zA-Z0-9+.-]*://([^/:?#]*)', 1), '')",
    "CREATE MACRO url_extract_path(u) AS regexp_extract(u, '^[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]*([^?#]*)', 1)",
    "CREATE MACRO url_extract_query(u) AS nullif(regexp_extract(u, '\\?([^#]*)', 1), '')",
    "CREATE MACRO map_agg(k, v) AS map_from_entries(list({'k': k, 'v': v}) FILTER (WHERE k IS NOT NULL))",
    # No match is NULL.
    "CREATE MACRO athena_regexp_extract(s, p, g) AS CASE WHEN regexp_matches(s, p) THEN regexp_extract(s, p, g) END",
    "CREATE MACRO athena_split_part(s, d, n) AS CASE WHEN n <= len(string_split(s, d)) THEN split_part(s, d, n) END",
    "CREATE MACRO to_iso8601(t) AS CASE WHEN typeof(t) = 'DATE' THEN strftime(t, '%Y-%m-%d') "
    "ELSE strftime(t, '%Y-%m-%dT%H:%M:%S.%g') END",
    "CREATE MACRO codepoint(s) AS unicode(s)",
    "CREATE MACRO arrays_overlap(a, b) AS list_has_any(a, b)",
    "CREATE MACRO array_max(a) AS list_max(a)",
    "CREATE MACRO array_min(a) AS list_min(a)",
    "CREATE MACRO array_union(a, b) AS list_distinct(list_concat(a, b))",
    "CREATE MACRO array_except(a, b) AS list_distinct(list_filter(a, lambda x: NOT list_contains(b, x)))",
    "CREATE MACRO array_remove(a, e) AS list_filter(a, lambda x: x <> e)",
    "CREATE MACRO athena_scalar(j) AS CASE WHEN json_type(j) NOT IN ('ARRAY', 'OBJECT', 'NULL') THEN j ->> '$' END",
    "CREATE MACRO json_format(j) AS CAST(j AS VARCHAR)",
    "CREATE MACRO is_nan(x) AS isnan(x)",
    "CREATE MACRO is_finite(x) AS isfinite(x)",
    "CREATE MACRO is_infinite(x) AS isinf(x)",
    "CREATE MACRO e() AS exp(1)",
    "CREATE MACRO nan() AS CAST('nan' AS DOUBLE)",
    "CREATE MACRO infinity() AS CAST('inf' AS DOUBLE)",
)
