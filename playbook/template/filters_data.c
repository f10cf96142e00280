/* SPDX-License-Identifier: Apache-2.0 */
/* Filters on data of any kind: default, attr, JSON, base64, sha256, pprint. */
#include <sodium.h>
#include <string.h>

#include <troupe/codec.h>

#include "playbook/template/filters.h"
#include "playbook/template/json_out.h"
#include "playbook/template/objects.h"

static tr_value f_default(struct eval *ev, const tr_value *a)
{
	bool boolean, truth = true;

	if (!flag(ev, a[2], &boolean))
		return tr_invalid(TR_ETYPE);
	if (!is_undefined(a[0]) && boolean && !ev_truth(ev, a[0], &truth))
		return tr_invalid(TR_ETYPE);
	if (!is_undefined(a[0]) && truth)
		return tr_keep(a[0]);
	return is_given(a[1]) ? tr_keep(a[1]) : ev_text(ev, (tr_str){"", 0});
}

/* An attribute, never an item. */
static tr_value f_attr(struct eval *ev, const tr_value *a)
{
	tr_value v = ev_resolve(ev, a[0]), name = ev_str(ev, a[1]), got;

	if (!tr_is_valid(name))
		return name;
	if (is_undefined(v)) {
		tr_drop(name);
		return ev->undefined == TR_UNDEFINED_CHAINABLE ? ev_undefined(ev, UNDEF_ATTR)
							       : ev_undefined_fail(ev, v);
	}
	if (!tr_is(v, TR_MAP))
		got = ev_attr(ev, v, name);
	else if (has_method(v, tr_as_str(name)))
		got = bound_new(ev, tr_keep(v), tr_keep(name));
	else
		got = ev_undefined(ev, UNDEF_ATTR);
	ev->special = true;
	tr_drop(name);
	return got;
}

static tr_value f_tojson(struct eval *ev, const tr_value *a)
{
	tr_buf out = {.max = ev->memory};
	int64_t indent = -1;

	if (is_given(a[1]) && !is_none(a[1]) && !ev_index(ev, a[1], "indent", &indent))
		return tr_invalid(TR_ETYPE);
	if (indent > 1000)
		return ev_fail(ev, TR_ELIMIT, "the indent is too large");
	if (is_given(a[1]) && !is_none(a[1]) && indent < 0)
		indent = 0;
	if (!json_put(ev, &out, a[0], indent)) {
		tr_buf_fini(&out);
		return tr_invalid(ev->error->err);
	}
	ev->special = true;
	return py_markup(ev_take_text(ev, &out));
}

static tr_value f_fromjson(struct eval *ev, const tr_value *a)
{
	tr_value v = ev_resolve(ev, a[0]);
	tr_decode_limits limits = {.max_depth = ev->max_depth};
	tr_decode_error error = {0};
	tr_str s = tr_as_str(v);

	if (is_undefined(v))
		return ev_undefined_fail(ev, v);
	if (!is_text(v) && !tr_is(v, TR_BINARY))
		return ev_fail(ev, TR_ETYPE, "fromjson works on text, not on '%s'", ev_type_name(v));
	/* What comes out is a small multiple of what goes in. */
	if (!ev_charge(ev, s.n * 16) || !ev_spend(ev, s.n / 8))
		return tr_invalid(TR_ELIMIT);
	tr_value read = tr_json_read(s, &limits, &error);
	if (!tr_is_valid(read))
		return ev_fail(ev, error.err, "the text is not JSON, line %zu, column %zu: %s", error.line,
			       error.column, error.message);
	return read;
}

/* The bytes of text or binary. */
static bool bytes_of(struct eval *ev, tr_value v, const char *what, tr_value *held, tr_str *out)
{
	v = ev_resolve(ev, v);
	if (is_undefined(v)) {
		ev_undefined_fail(ev, v);
		return false;
	}
	*held = tr_is(v, TR_BINARY) ? tr_keep(v) : ev_str(ev, v);
	*out = tr_as_str(*held);
	if (tr_is_valid(*held) && ev_spend(ev, out->n / 16))
		return true;
	(void)what;
	return false;
}

static tr_value f_b64encode(struct eval *ev, const tr_value *a)
{
	tr_buf out = {.max = ev->memory};
	tr_value held;
	tr_str s;

	if (!bytes_of(ev, a[0], "b64encode", &held, &s))
		return tr_invalid(TR_ETYPE);
	tr_base64_write(&out, s);
	tr_drop(held);
	return ev_take_text(ev, &out);
}

static tr_value f_b64decode(struct eval *ev, const tr_value *a)
{
	tr_buf out = {.max = ev->memory};
	tr_value held, v;
	tr_str s;

	if (!bytes_of(ev, a[0], "b64decode", &held, &s))
		return tr_invalid(TR_ETYPE);
	tr_err err = tr_base64_read(&out, s);
	tr_drop(held);
	if (err != TR_OK) {
		tr_buf_fini(&out);
		return ev_fail(ev, TR_EENCODING, "the text is not base64");
	}
	/* Text when it is text, bytes otherwise. */
	if (out.n == 0 || tr_utf8_valid(tr_buf_str(&out), NULL))
		return ev_take_text(ev, &out);
	v = ev_charge(ev, out.n) ? tr_binary(out.p, out.n) : tr_invalid(TR_ELIMIT);
	tr_buf_fini(&out);
	return tr_is_valid(v) ? v : ev_invalid(ev, v);
}

static tr_value f_sha256(struct eval *ev, const tr_value *a)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	char hex[2 * sizeof(hash) + 1];
	tr_value held;
	tr_str s;

	if (!bytes_of(ev, a[0], "sha256", &held, &s))
		return tr_invalid(TR_ETYPE);
	crypto_hash_sha256(hash, (const unsigned char *)s.p, s.n);
	tr_drop(held);
	sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	return ev_text(ev, (tr_str){hex, 2 * sizeof(hash)});
}

static tr_value f_pprint(struct eval *ev, const tr_value *a)
{
	tr_buf out = {.max = ev->memory};

	if (!pretty_put(ev, &out, a[0])) {
		tr_buf_fini(&out);
		return tr_invalid(ev->error->err);
	}
	return ev_take_text(ev, &out);
}

const struct native data_filters[] = {
    {"default", "default_value boolean", 0, f_default, NULL},
    {"d", "default_value boolean", 0, f_default, NULL},
    {"attr", "name", 1, f_attr, NULL},
    {"tojson", "indent", 0, f_tojson, NULL},
    {"fromjson", "", 0, f_fromjson, NULL},
    {"b64encode", "", 0, f_b64encode, NULL},
    {"b64decode", "", 0, f_b64decode, NULL},
    {"sha256", "", 0, f_sha256, NULL},
    {"pprint", "", 0, f_pprint, NULL},
    {NULL, NULL, 0, NULL, NULL},
};
