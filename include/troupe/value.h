/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Immutable values: what messages, events, results and template variables are made of.
 *
 * A `tr_value` is 16 bytes and is passed by value. Small kinds (nil, bool, int, float, atom, pid, ref) live in it;
 * the others (string, binary, array, map, object) are reference-counted boxes that may be shared by any number of
 * actors and threads, since nobody can change them.
 *
 * OWNERSHIP, the one rule:
 *   - What builds or returns a fresh value gives the caller one reference.
 *   - What *builds from* or *sends* values TAKES the references it is given (constructors, `_put`, `_push`, tr_send).
 *     To keep using a value after handing it over, hand over tr_keep(v).
 *   - What *looks at* a value BORROWS it (`_get`, `_at`, `_len`, tr_as_…, tr_equal, codecs' writers); what such a
 *     function returns is borrowed from its argument and lives as long as that does.
 *   - Every reference ends in tr_drop() or in a function that takes it.
 * tr_keep and tr_drop are free of effect on the small kinds.
 *
 * FAILURE: a constructor that fails gives an *invalid* value that carries the error (tr_invalid). Handing an invalid
 * value to a constructor gives an invalid value with the same error and drops the other arguments, so a whole
 * expression is checked once at its end: `if (!tr_is_valid(v)) return tr_value_err(v);`
 *
 * `_put`, `_push` and the like change in place when the caller held the only reference and copy otherwise; either
 * way other holders see nothing.
 *
 * Thread-safety: all functions may be called from any thread; a value may be read by many threads at once.
 */
#ifndef TROUPE_VALUE_H
#define TROUPE_VALUE_H

#include <stdarg.h>
#include <troupe/base.h>

TR_EXTERN_C_BEGIN

typedef enum tr_type {
	TR_INVALID = 0, /* no value: absent, or an error (tr_value_err) */
	TR_NIL,
	TR_BOOL,
	TR_INT,   /* int64_t */
	TR_FLOAT, /* double */
	TR_ATOM,  /* interned name; equal atoms have equal bits */
	TR_PID,   /* an actor, see actor.h */
	TR_REF,   /* a unique reference, see actor.h */
	/* boxed, reference-counted from here on */
	TR_STRING, /* valid UTF-8 text */
	TR_BINARY, /* any bytes */
	TR_ARRAY,
	TR_MAP,   /* keeps insertion order; keys are any value, compared with tr_equal */
	TR_OBJECT /* a C object with a class; never leaves the process */
} tr_type;

typedef struct tr_box tr_box;

typedef struct tr_value {
	uint32_t type; /* enum tr_type */
	uint32_t aux;  /* invalid: enum tr_err; other kinds: 0 */
	union {
		bool b;
		int64_t i;
		double d;
		uint64_t bits; /* atom index, pid, ref */
		tr_box *box;
	} as;
} tr_value;

/* From the top: 8 bits of node, 32 of generation, 24 of slot in the actor table. Shown as <node.slot.generation>. */
#define TR_PID_SLOT_BITS 24
#define TR_PID_NODE_BITS 8
typedef struct tr_pid {
	uint64_t bits; /* 0 is no actor */
} tr_pid;

typedef struct tr_ref {
	uint64_t bits; /* unique on this node; 0 is no reference */
} tr_ref;

/* ---- lifetime ---------------------------------------------------------------------------------------------- */

TR_API void tr_box_keep(tr_box *box);
TR_API void tr_box_drop(tr_box *box);

/** One more reference to v, for a function that takes. */
static inline tr_value tr_keep(tr_value v)
{
	if (v.type >= (uint32_t)TR_STRING)
		tr_box_keep(v.as.box);
	return v;
}

/** Give a reference back. */
static inline void tr_drop(tr_value v)
{
	if (v.type >= (uint32_t)TR_STRING)
		tr_box_drop(v.as.box);
}

/** Drop what *slot holds and leave `invalid` behind. */
TR_API void tr_clear(tr_value *slot);
/** Drop what *slot holds and store v (taken) there. */
TR_API void tr_assign(tr_value *slot, tr_value v);

/* ---- small kinds ------------------------------------------------------------------------------------------- */

static inline tr_value tr_value_make(tr_type t, uint32_t aux, uint64_t bits)
{
	tr_value v;
	v.type = (uint32_t)t;
	v.aux = aux;
	v.as.bits = bits;
	return v;
}
static inline tr_value tr_invalid(tr_err err)
{
	return tr_value_make(TR_INVALID, (uint32_t)err, 0);
}
/** "Not there": invalid with TR_OK, what `_get` gives for an absent key. */
static inline tr_value tr_absent(void)
{
	return tr_value_make(TR_INVALID, 0, 0);
}
static inline tr_value tr_nil(void)
{
	return tr_value_make(TR_NIL, 0, 0);
}
static inline tr_value tr_bool(bool b)
{
	return tr_value_make(TR_BOOL, 0, b ? 1u : 0u);
}
static inline tr_value tr_int(int64_t i)
{
	return tr_value_make(TR_INT, 0, (uint64_t)i);
}
static inline tr_value tr_float(double d)
{
	tr_value v = tr_value_make(TR_FLOAT, 0, 0);
	v.as.d = d;
	return v;
}
static inline tr_value tr_pid_value(tr_pid p)
{
	return tr_value_make(TR_PID, 0, p.bits);
}
static inline tr_value tr_ref_value(tr_ref r)
{
	return tr_value_make(TR_REF, 0, r.bits);
}

static inline tr_type tr_type_of(tr_value v)
{
	return (tr_type)v.type;
}
static inline bool tr_is_valid(tr_value v)
{
	return v.type != (uint32_t)TR_INVALID;
}
static inline bool tr_is(tr_value v, tr_type t)
{
	return v.type == (uint32_t)t;
}
static inline bool tr_is_nil(tr_value v)
{
	return tr_is(v, TR_NIL);
}
/** The error an invalid value carries; TR_OK for valid and for absent ones. */
static inline tr_err tr_value_err(tr_value v)
{
	return tr_is_valid(v) ? TR_OK : (tr_err)v.aux;
}
/** "map", "int", …; never NULL. */
TR_API const char *tr_type_name(tr_type t);

/** The content, or the given default when v is of another kind. tr_as_float also takes an int. */
TR_API bool tr_as_bool(tr_value v, bool otherwise);
TR_API int64_t tr_as_int(tr_value v, int64_t otherwise);
TR_API double tr_as_float(tr_value v, double otherwise);
TR_API tr_pid tr_as_pid(tr_value v); /* {0} when not a pid */
TR_API tr_ref tr_as_ref(tr_value v); /* {0} when not a ref */
TR_API tr_str tr_as_str(tr_value v); /* string, binary or atom; else the empty view */
/** NUL-terminated text of a string, binary or atom (borrowed); `otherwise` for other kinds. */
TR_API const char *tr_as_cstr(tr_value v, const char *otherwise);

/* ---- atoms ------------------------------------------------------------------------------------------------- */

/**
 * Atoms with fixed numbers, so that TR_A(ok) is a constant. Others are interned by tr_atom; the table is the
 * process's, is never shrunk, and holds at most 1,048,576 names of at most 255 bytes (then: TR_EFULL), so atoms
 * are for names in programs, never for data from outside.
 */
/* clang-format off */
#define TR_ATOMS(X) \
	X(ok) \
	X(error) \
	X(true_) \
	X(false_) \
	X(undefined) X(infinity) X(normal) X(shutdown) X(kill) X(killed) X(noproc) X(noconnection) X(timeout) \
	X(badarg) X(process) X(down) X(exit) X(call) X(cast) X(info) X(reply) X(noreply) X(stop) X(system) X(ack) \
	X(ack_start) X(already_started) X(not_found) X(temporary) X(transient) X(permanent) X(worker) \
	X(supervisor) X(one_for_one) X(one_for_all) X(rest_for_one) X(simple_one_for_one) X(brutal_kill) \
	X(enomem) X(busy) X(data) X(eof) X(closed) X(exit_status) X(connected) X(crash) X(noname) \
	X(max_intensity) X(event) X(command) X(start) X(done) X(cancel) X(progress) X(emit) \
	X(subscribe) X(unsubscribe) X(request) X(response) X(tick) X(continue_) X(job) \
	X(stack_overflow) X(reductions) X(status) X(suspend) X(resume) X(get_state) \
	X(replace_state) X(terminate)
/* clang-format on */

enum tr_atom_number {
	TR_ATOM_none_ = 0,
#define X(name) TR_ATOM_##name,
	TR_ATOMS(X)
#undef X
	TR_ATOM_FIXED_END
};

/** A fixed atom as a constant expression of type tr_value: TR_A(ok). Its text has no trailing underscore; TR_A(down)
 *  reads "DOWN" and TR_A(exit) reads "EXIT", as OTP writes them. */
#define TR_A(name) tr_value_make(TR_ATOM, 0, (uint64_t)TR_ATOM_##name)

/** Is v exactly this fixed atom? */
#define TR_IS_A(v, name) tr_is_atom((v), (uint64_t)TR_ATOM_##name)
static inline bool tr_is_atom(tr_value v, uint64_t number)
{
	return v.type == (uint32_t)TR_ATOM && v.as.bits == number;
}

TR_API tr_value tr_atom(const char *name);
TR_API tr_value tr_atom_n(const char *p, size_t n);
/** The atom of this name if there is one already; absent otherwise. For names from outside: nothing is added. */
TR_API tr_value tr_atom_known(const char *p, size_t n);

/* ---- text and bytes ---------------------------------------------------------------------------------------- */

/** Text. Bytes that are not UTF-8 give invalid (TR_EENCODING). NULL gives invalid (TR_EINVAL). */
TR_API tr_value tr_string(const char *z);
TR_API tr_value tr_string_n(const char *p, size_t n);
/** As tr_string, for words that the program itself writes again and again (statuses, kinds): made once and shared, so
 * that neither making nor dropping one costs an allocation. */
TR_API tr_value tr_word(const char *z);
TR_API tr_value tr_stringf(const char *fmt, ...) TR_PRINTF(1, 2);
TR_API tr_value tr_string_buf(tr_buf *b); /* takes the buffer's content and finishes it; keeps its error */
/** Text from bytes of unknown origin: bad sequences become U+FFFD. */
TR_API tr_value tr_string_lossy(const char *p, size_t n);
TR_API tr_value tr_binary(const void *p, size_t n);

/* ---- arrays ------------------------------------------------------------------------------------------------ */

TR_API tr_value tr_array(void);
TR_API tr_value tr_array_with(size_t capacity);
TR_API tr_value tr_array_from(const tr_value *items, size_t n); /* takes each item */
/** TR_LIST(a, b, c): an array of these (takes them); at least one. */
#ifdef __cplusplus
extern "C++" {
template <size_t N> inline tr_value tr_list_of(const tr_value (&items)[N])
{
	return tr_array_from(items, N);
}
}
#define TR_LIST(...) tr_list_of({__VA_ARGS__})
#else
#define TR_LIST(...) tr_array_from((tr_value[]){__VA_ARGS__}, sizeof((tr_value[]){__VA_ARGS__}) / sizeof(tr_value))
#endif

TR_API tr_value tr_array_push(tr_value array, tr_value item);           /* takes both */
TR_API tr_value tr_array_set(tr_value array, size_t at, tr_value item); /* takes both; TR_ERANGE */
TR_API tr_value tr_array_concat(tr_value a, tr_value b);                /* takes both */
TR_API tr_value tr_array_slice(tr_value array, size_t from, size_t to); /* borrows; a fresh array */
TR_API size_t tr_array_len(tr_value array);                             /* 0 for other kinds */
TR_API tr_value tr_array_at(tr_value array, size_t at);                 /* borrowed; absent when out of range */
/** The items as a C array (borrowed); NULL when empty or of another kind. */
TR_API const tr_value *tr_array_items(tr_value array);

/* ---- maps -------------------------------------------------------------------------------------------------- */

typedef struct tr_entry {
	tr_value key;
	tr_value value;
} tr_entry;

TR_API tr_value tr_map(void);
TR_API tr_value tr_map_with(size_t capacity);
TR_API tr_value tr_map_put(tr_value map, tr_value key, tr_value value);      /* takes all three */
TR_API tr_value tr_map_put_s(tr_value map, const char *key, tr_value value); /* string key; takes map, value */
TR_API tr_value tr_map_del(tr_value map, tr_value key);                      /* takes map, borrows key */
TR_API tr_value tr_map_merge(tr_value base, tr_value over);                  /* takes both; shallow, over wins */
TR_API tr_value tr_map_merge_deep(tr_value base, tr_value over);             /* maps in maps are merged too */
TR_API size_t tr_map_len(tr_value map);                                      /* 0 for other kinds */
TR_API tr_value tr_map_get(tr_value map, tr_value key);                      /* borrowed; absent */
TR_API tr_value tr_map_get_s(tr_value map, const char *key);                 /* string key */
TR_API tr_value tr_map_get_n(tr_value map, const char *p, size_t n);         /* string key */
/** Entries in insertion order (borrowed), tr_map_len of them; NULL when empty or of another kind. */
TR_API const tr_entry *tr_map_entries(tr_value map);
/** TR_DICT("a", tr_int(1), "b", v): a map with string keys (takes the values); at least one pair. */
#define TR_DICT(...) tr_map_build(__VA_ARGS__, (const char *)NULL)
TR_API tr_value tr_map_build(const char *key, tr_value value, ...);

/** Walk down string keys: TR_GET(v, "error", "kind"). Borrowed; absent when a step is missing. */
#define TR_GET(v, ...) tr_value_path((v), __VA_ARGS__, (const char *)NULL)
TR_API tr_value tr_value_path(tr_value v, const char *key, ...);

/* ---- objects ----------------------------------------------------------------------------------------------- */

/** The class of TR_OBJECT values. `destroy` runs once, when the last reference is dropped, on whatever thread. */
typedef struct tr_class {
	const char *name;
	void (*destroy)(void *data);
} tr_class;

/** A box around `data` (taken: destroy runs for it also when this fails). */
TR_API tr_value tr_object(const tr_class *cls, void *data);
/** The same with `size` bytes of its own for the data, zeroed, in one piece with the value: destroy gives back what is
 * in them, not them. When memory runs out destroy is not called. */
TR_API tr_value tr_object_with(const tr_class *cls, size_t size, void **data);
/** The data when v is an object of exactly this class, else NULL. */
TR_API void *tr_as_object(tr_value v, const tr_class *cls);
TR_API const tr_class *tr_object_class(tr_value v);

/* ---- comparing and showing --------------------------------------------------------------------------------- */

/** Same kind and same content (Erlang's =:=, so 1 and 1.0 differ; NaN equals NaN; maps regardless of order). */
TR_API bool tr_equal(tr_value a, tr_value b);
/** A total order over all values: by kind, then by content; ints and floats compare as numbers. <0, 0, >0. */
TR_API int tr_compare(tr_value a, tr_value b);
TR_API uint64_t tr_hash(tr_value v);
/** Rough number of bytes v keeps alive, boxes counted once each occurrence. */
TR_API size_t tr_value_size(tr_value v);
/** Append v as a person reads it in a log: `{down, #Ref<4>, "text", {a: 1}}`-like, cut at max bytes with "…". */
TR_API void tr_show(tr_buf *out, tr_value v, size_t max);

/* ---- sharing one value out of a callback-free walk ------------------------------------------------------------ */

/** How many references the box has (1 for small kinds). For tests and for choosing in-place paths. */
TR_API uint32_t tr_refcount(tr_value v);

TR_EXTERN_C_END

#endif
