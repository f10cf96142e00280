/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The part of DuckDB's C interface (1.x) that Troupe uses. The library is no part of the program: it is opened at run
 * time, and there is no header of it to build with, so types and functions are declared here. The layouts and numbers
 * are those of DuckDB's documentation of its C interface, which promises to keep them.
 */
#ifndef TROUPE_PLUGINS_SHARED_DUCKDB_API_H
#define TROUPE_PLUGINS_SHARED_DUCKDB_API_H

#include <troupe/value.h>

typedef uint64_t idx_t;

/* Handles: what they point to is DuckDB's own. */
typedef struct duckdb_instance_cache_ *duckdb_instance_cache;
typedef struct duckdb_database_ *duckdb_database;
typedef struct duckdb_connection_ *duckdb_connection;
typedef struct duckdb_config_ *duckdb_config;
typedef struct duckdb_prepared_statement_ *duckdb_prepared_statement;
typedef struct duckdb_pending_result_ *duckdb_pending_result;
typedef struct duckdb_data_chunk_ *duckdb_data_chunk;
typedef struct duckdb_vector_ *duckdb_vector;
typedef struct duckdb_logical_type_ *duckdb_logical_type;
typedef struct duckdb_value_ *duckdb_value;
typedef struct duckdb_appender_ *duckdb_appender;

typedef enum duckdb_state {
	DUCKDB_SUCCESS = 0,
	DUCKDB_ERROR = 1
} duckdb_state;

typedef enum duckdb_type {
	DUCKDB_BOOLEAN = 1,
	DUCKDB_TINYINT = 2,
	DUCKDB_SMALLINT = 3,
	DUCKDB_INTEGER = 4,
	DUCKDB_BIGINT = 5,
	DUCKDB_UTINYINT = 6,
	DUCKDB_USMALLINT = 7,
	DUCKDB_UINTEGER = 8,
	DUCKDB_UBIGINT = 9,
	DUCKDB_FLOAT = 10,
	DUCKDB_DOUBLE = 11,
	DUCKDB_TIMESTAMP = 12,
	DUCKDB_DATE = 13,
	DUCKDB_TIME = 14,
	DUCKDB_INTERVAL = 15,
	DUCKDB_HUGEINT = 16,
	DUCKDB_VARCHAR = 17,
	DUCKDB_BLOB = 18,
	DUCKDB_DECIMAL = 19,
	DUCKDB_TIMESTAMP_S = 20,
	DUCKDB_TIMESTAMP_MS = 21,
	DUCKDB_TIMESTAMP_NS = 22,
	DUCKDB_ENUM = 23,
	DUCKDB_LIST = 24,
	DUCKDB_STRUCT = 25,
	DUCKDB_MAP = 26,
	DUCKDB_UUID = 27,
	DUCKDB_UNION = 28,
	DUCKDB_BIT = 29,
	DUCKDB_TIME_TZ = 30,
	DUCKDB_TIMESTAMP_TZ = 31,
	DUCKDB_UHUGEINT = 32,
	DUCKDB_ARRAY = 33,
	DUCKDB_BIGNUM = 35,
	DUCKDB_SQLNULL = 36
} duckdb_type;

typedef enum duckdb_result_type {
	DUCKDB_CHANGED_ROWS = 1,
	DUCKDB_NOTHING = 2,
	DUCKDB_ROWS = 3
} duckdb_result_type;

typedef enum duckdb_pending_state {
	DUCKDB_PENDING_RESULT_READY = 0,
	DUCKDB_PENDING_RESULT_NOT_READY = 1,
	DUCKDB_PENDING_ERROR = 2,
	DUCKDB_PENDING_NO_TASKS_AVAILABLE = 3
} duckdb_pending_state;

typedef struct duckdb_hugeint {
	uint64_t lower;
	int64_t upper;
} duckdb_hugeint;

typedef struct duckdb_interval {
	int32_t months;
	int32_t days;
	int64_t micros;
} duckdb_interval;

typedef struct duckdb_list_entry {
	uint64_t offset;
	uint64_t length;
} duckdb_list_entry;

/* A text or blob in a vector: up to 12 bytes are in it. */
typedef struct duckdb_string_t {
	uint32_t length;
	char start[4];
	union {
		char rest[8];
		char *p;
	} as;
} duckdb_string_t;

typedef struct duckdb_result {
	idx_t unused[3];
	void *unused_too[2];
	void *data;
} duckdb_result;

#define DUCK_FUNCTIONS(X)                                                                                 \
	X(const char *, library_version, (void))                                                          \
	X(void, free, (void *))                                                                           \
	X(duckdb_instance_cache, create_instance_cache, (void))                                           \
	X(void, destroy_instance_cache, (duckdb_instance_cache *))                                        \
	X(duckdb_state, get_or_create_from_cache,                                                         \
	  (duckdb_instance_cache, const char *, duckdb_database *, duckdb_config, char **))               \
	X(void, close, (duckdb_database *))                                                               \
	X(duckdb_state, connect, (duckdb_database, duckdb_connection *))                                  \
	X(void, disconnect, (duckdb_connection *))                                                        \
	X(void, interrupt, (duckdb_connection))                                                           \
	X(duckdb_state, create_config, (duckdb_config *))                                                 \
	X(duckdb_state, set_config, (duckdb_config, const char *, const char *))                          \
	X(void, destroy_config, (duckdb_config *))                                                        \
	X(duckdb_state, query, (duckdb_connection, const char *, duckdb_result *))                        \
	X(void, destroy_result, (duckdb_result *))                                                        \
	X(const char *, result_error, (duckdb_result *))                                                  \
	X(duckdb_result_type, result_return_type, (duckdb_result))                                        \
	X(idx_t, column_count, (duckdb_result *))                                                         \
	X(const char *, column_name, (duckdb_result *, idx_t))                                            \
	X(duckdb_logical_type, column_logical_type, (duckdb_result *, idx_t))                             \
	X(idx_t, rows_changed, (duckdb_result *))                                                         \
	X(duckdb_data_chunk, fetch_chunk, (duckdb_result))                                                \
	X(duckdb_state, prepare, (duckdb_connection, const char *, duckdb_prepared_statement *))          \
	X(const char *, prepare_error, (duckdb_prepared_statement))                                       \
	X(void, destroy_prepare, (duckdb_prepared_statement *))                                           \
	X(idx_t, nparams, (duckdb_prepared_statement))                                                    \
	X(duckdb_state, bind_value, (duckdb_prepared_statement, idx_t, duckdb_value))                     \
	X(duckdb_state, pending_prepared_streaming, (duckdb_prepared_statement, duckdb_pending_result *)) \
	X(const char *, pending_error, (duckdb_pending_result))                                           \
	X(duckdb_pending_state, pending_execute_task, (duckdb_pending_result))                            \
	X(duckdb_state, execute_pending, (duckdb_pending_result, duckdb_result *))                        \
	X(void, destroy_pending, (duckdb_pending_result *))                                               \
	X(duckdb_data_chunk, create_data_chunk, (duckdb_logical_type *, idx_t))                           \
	X(void, destroy_data_chunk, (duckdb_data_chunk *))                                                \
	X(void, data_chunk_reset, (duckdb_data_chunk))                                                    \
	X(idx_t, data_chunk_get_size, (duckdb_data_chunk))                                                \
	X(void, data_chunk_set_size, (duckdb_data_chunk, idx_t))                                          \
	X(idx_t, vector_size, (void))                                                                     \
	X(duckdb_vector, data_chunk_get_vector, (duckdb_data_chunk, idx_t))                               \
	X(void *, vector_get_data, (duckdb_vector))                                                       \
	X(uint64_t *, vector_get_validity, (duckdb_vector))                                               \
	X(void, vector_ensure_validity_writable, (duckdb_vector))                                         \
	X(void, vector_assign_string_element_len, (duckdb_vector, idx_t, const char *, idx_t))            \
	X(duckdb_vector, list_vector_get_child, (duckdb_vector))                                          \
	X(duckdb_vector, array_vector_get_child, (duckdb_vector))                                         \
	X(duckdb_vector, struct_vector_get_child, (duckdb_vector, idx_t))                                 \
	X(duckdb_logical_type, create_logical_type, (duckdb_type))                                        \
	X(void, destroy_logical_type, (duckdb_logical_type *))                                            \
	X(duckdb_type, get_type_id, (duckdb_logical_type))                                                \
	X(char *, logical_type_get_alias, (duckdb_logical_type))                                          \
	X(uint8_t, decimal_width, (duckdb_logical_type))                                                  \
	X(uint8_t, decimal_scale, (duckdb_logical_type))                                                  \
	X(duckdb_type, decimal_internal_type, (duckdb_logical_type))                                      \
	X(duckdb_type, enum_internal_type, (duckdb_logical_type))                                         \
	X(uint32_t, enum_dictionary_size, (duckdb_logical_type))                                          \
	X(char *, enum_dictionary_value, (duckdb_logical_type, idx_t))                                    \
	X(duckdb_logical_type, list_type_child_type, (duckdb_logical_type))                               \
	X(duckdb_logical_type, array_type_child_type, (duckdb_logical_type))                              \
	X(idx_t, array_type_array_size, (duckdb_logical_type))                                            \
	X(duckdb_logical_type, map_type_key_type, (duckdb_logical_type))                                  \
	X(duckdb_logical_type, map_type_value_type, (duckdb_logical_type))                                \
	X(idx_t, struct_type_child_count, (duckdb_logical_type))                                          \
	X(char *, struct_type_child_name, (duckdb_logical_type, idx_t))                                   \
	X(duckdb_logical_type, struct_type_child_type, (duckdb_logical_type, idx_t))                      \
	X(idx_t, union_type_member_count, (duckdb_logical_type))                                          \
	X(duckdb_logical_type, union_type_member_type, (duckdb_logical_type, idx_t))                      \
	X(duckdb_logical_type, get_value_type, (duckdb_value))                                            \
	X(void, destroy_value, (duckdb_value *))                                                          \
	X(duckdb_value, create_null_value, (void))                                                        \
	X(duckdb_value, create_bool, (bool))                                                              \
	X(duckdb_value, create_int64, (int64_t))                                                          \
	X(duckdb_value, create_double, (double))                                                          \
	X(duckdb_value, create_varchar_length, (const char *, idx_t))                                     \
	X(duckdb_value, create_blob, (const uint8_t *, idx_t))                                            \
	X(duckdb_value, create_list_value, (duckdb_logical_type, duckdb_value *, idx_t))                  \
	X(duckdb_value, create_struct_value, (duckdb_logical_type, duckdb_value *))                       \
	X(duckdb_logical_type, create_list_type, (duckdb_logical_type))                                   \
	X(duckdb_logical_type, create_struct_type, (duckdb_logical_type *, const char **, idx_t))         \
	X(duckdb_state, appender_create_ext,                                                              \
	  (duckdb_connection, const char *, const char *, const char *, duckdb_appender *))               \
	X(const char *, appender_error, (duckdb_appender))                                                \
	X(duckdb_state, appender_add_column, (duckdb_appender, const char *))                             \
	X(idx_t, appender_column_count, (duckdb_appender))                                                \
	X(duckdb_logical_type, appender_column_type, (duckdb_appender, idx_t))                            \
	X(duckdb_state, append_data_chunk, (duckdb_appender, duckdb_data_chunk))                          \
	X(duckdb_state, appender_flush, (duckdb_appender))                                                \
	X(duckdb_state, appender_destroy, (duckdb_appender *))

typedef struct duck_api {
	void *library;
#define X(type, name, parameters) type(*name) parameters;
	DUCK_FUNCTIONS(X)
#undef X
} duck_api;

/** Open the library at `path`, or when that is empty where it usually is: $TROUPE_DUCKDB, beside the program (where
 * `make duckdb` and `make install` put it), the system's folders. Blocks. False with a text in *why (fresh) that says
 * how to get it. It stays open for as long as the process: DuckDB does not support being closed. */
bool duck_api_open(duck_api *api, const char *path, tr_value *why);

#endif
