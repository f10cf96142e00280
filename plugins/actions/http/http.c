/* SPDX-License-Identifier: Apache-2.0 */
/* The tool kind http: each command is an actor that sends its request, waits, and follows redirects. */
#include "plugins/actions/http/http.h"
#include "plugins/actions/http/answer.h"
#include "plugins/actions/http/spool.h"
#include "plugins/shared/address.h"
#include <string.h>
#include <strings.h>

const char http_manifest[] =
    "{\"id\": \"http\", \"version\": \"1.0.0\", \"description\": \"Requests over HTTP and HTTPS\","
    " \"license\": \"Apache-2.0\", \"capabilities\": [\"tool:http\"], \"provides\": {\"node_handler\": \"http\"},"
    " \"needs\": [\"net\", \"call:credentials\", \"call:artifacts\", \"secret:*\"],"
    " \"limits\": {\"concurrency\": 1024},"
    " \"config\": {"
    "  \"timeout\": {\"type\": \"any\", \"default\": 60, \"description\": \"seconds a request may take, or {connect, "
    "read, total}\"},"
    "  \"connect_timeout\": {\"type\": \"number\", \"default\": 10, \"description\": \"seconds to connect\"},"
    "  \"verify_ssl\": {\"type\": \"bool\", \"default\": true, \"description\": \"check certificates\"},"
    "  \"follow_redirects\": {\"type\": \"any\", \"default\": true, \"description\": \"true, false or how many\"},"
    "  \"max_redirects\": {\"type\": \"int\", \"default\": 10, \"min\": 0, \"max\": 50, \"description\": \"when "
    "true\"},"
    "  \"proxy\": {\"type\": \"any\", \"default\": null, \"description\": \"url of a proxy, empty for none; without it "
    "http_proxy, https_proxy and no_proxy of the environment\"},"
    "  \"allow\": {\"type\": \"list\", \"default\": [], \"description\": \"hosts that may be reached: names, *.domain, "
    "networks; none: all that are granted\"},"
    "  \"deny\": {\"type\": \"list\", \"default\": [], \"description\": \"hosts that may not, whatever is allowed; "
    "networks "
    "also behind names\"},"
    "  \"memory_body\": {\"type\": \"int\", \"default\": 4194304, \"min\": 65536, \"description\": \"bytes of a "
    "response that is no "
    "JSON; a larger one goes to the artifact store\"},"
    "  \"max_body\": {\"type\": \"int\", \"default\": 67108864, \"min\": 1, \"description\": \"bytes of a "
    "response\"}}}";

/* One command; owned by its actor. */
typedef struct exchange {
	http_request request;
	http_transfer *transfer;  /* owns itself */
	tr_value config, context; /* borrowed */
} exchange;

static void exchange_end(void *arg)
{
	exchange *x = arg;

	http_request_fini(&x->request);
	tr_free(x);
}

/* ---- redirects
 * ---------------------------------------------------------------------------------------------------------------- */

static bool same_part(CURLU *a, CURLU *b, CURLUPart part, unsigned flags)
{
	char *pa = NULL, *pb = NULL;

	curl_url_get(a, part, &pa, flags);
	curl_url_get(b, part, &pb, flags);
	bool same = pa != NULL && pb != NULL && strcasecmp(pa, pb) == 0;
	curl_free(pa);
	curl_free(pb);
	return same;
}

static bool same_origin(const char *a, const char *b)
{
	CURLU *ua = curl_url(), *ub = curl_url();
	bool same = ua != NULL && ub != NULL && curl_url_set(ua, CURLUPART_URL, a, 0) == CURLUE_OK &&
		    curl_url_set(ub, CURLUPART_URL, b, 0) == CURLUE_OK && same_part(ua, ub, CURLUPART_SCHEME, 0) &&
		    same_part(ua, ub, CURLUPART_HOST, 0) && same_part(ua, ub, CURLUPART_PORT, CURLU_DEFAULT_PORT);

	curl_url_cleanup(ua);
	curl_url_cleanup(ub);
	return same;
}

static void drop_body(http_request *r)
{
	strcpy(r->method, "GET");
	tr_clear(&r->body);
	tr_clear(&r->form);
	tr_clear(&r->files);
	struct curl_slist *kept = NULL;
	for (struct curl_slist *l = r->headers; l != NULL; l = l->next) {
		if (strncasecmp(l->data, "content-", 8) == 0)
			continue;
		struct curl_slist *longer = curl_slist_append(kept, l->data);
		if (longer != NULL)
			kept = longer;
	}
	curl_slist_free_all(r->headers);
	r->headers = kept;
}

static bool is_redirect(const http_transfer *t)
{
	long s = t->status;

	return t->code == CURLE_OK && tr_is(t->redirect_url, TR_STRING) &&
	       (s == 301 || s == 302 || s == 303 || s == 307 || s == 308);
}

/* A chain that is longer than the task allows is no answer: most often it goes in a circle. */
static tr_value too_many(const exchange *x)
{
	tr_value outcome = tr_outcome_error("redirect", false,
					    "http: more than %d redirects; the next would lead to %s (raise "
					    "follow_redirects, or set it to false to have the redirect itself)",
					    x->request.redirects, tr_as_cstr(x->transfer->redirect_url, "?"));
	return tr_outcome_error_put(outcome, "status", tr_int(x->transfer->status));
}

/* Is the response a redirect that is to be followed? Then the request becomes the next one, as browsers do it: 303, and
   301 and 302 after a POST, go on as GET; what says who one is stays with the first origin. */
static bool redirect(exchange *x)
{
	const http_transfer *t = x->transfer;
	long s = t->status;

	if (!is_redirect(t) || x->request.redirects_left <= 0)
		return false;
	x->request.redirects_left--;
	bool post = strcmp(x->request.method, "POST") == 0, head = strcmp(x->request.method, "HEAD") == 0;
	if ((s == 303 && !head) || ((s == 301 || s == 302) && post))
		drop_body(&x->request);
	if (!same_origin(tr_as_cstr(x->request.url, ""), tr_as_cstr(t->redirect_url, ""))) {
		curl_slist_free_all(x->request.secrets);
		x->request.secrets = NULL;
	}
	tr_assign(&x->request.url, tr_keep(t->redirect_url));
	tr_clear(&x->request.host);
	return true;
}

/* ---- the command
 * -------------------------------------------------------------------------------------------------------------- */

static tr_value denied(const char *host, const char *why)
{
	return tr_outcome_error("denied", false, "http may not reach %s: %s", host, why);
}

static void put_missing(tr_buf *why, const char *grant)
{
	tr_value text = tr_grant_missing(grant);

	tr_buf_puts(why, tr_as_cstr(text, "a grant is missing"));
	tr_drop(text);
}

/* May this host be reached, as the settings have it, and as the grants have it? Absent, or an outcome that names what
 * is missing. */
static tr_value check_host(const char *host, tr_value config)
{
	tr_value allow = tr_map_get_s(config, "allow");
	tr_buf grant = {0}, why = {0};

	tr_buf_putf(&grant, "net:%s", host);
	if (grant.p == NULL || !tr_plugin_granted(grant.p))
		put_missing(&why, grant.p == NULL ? "net" : grant.p);
	else if (address_text_is_local(host) && !tr_plugin_granted("net:link-local"))
		put_missing(&why, "net:link-local");
	else if (host_in(host, tr_map_get_s(config, "deny")))
		tr_buf_puts(&why, "the settings deny it");
	else if (tr_array_len(allow) > 0 && !host_in(host, allow))
		tr_buf_puts(&why, "the settings allow other hosts only");
	tr_value fault = why.n > 0 ? denied(host, why.p) : tr_absent();
	tr_buf_fini(&grant);
	tr_buf_fini(&why);
	return fault;
}

static tr_value check_url(tr_value url, tr_value config, unsigned guess)
{
	CURLU *u = curl_url();
	char *host = NULL;

	if (u != NULL &&
	    curl_url_set(u, CURLUPART_URL, tr_as_cstr(url, ""), CURLU_NON_SUPPORT_SCHEME | guess) == CURLUE_OK)
		curl_url_get(u, CURLUPART_HOST, &host, 0);
	tr_value fault = host == NULL ? denied("this host", "its url cannot be read") : check_host(host, config);
	curl_free(host);
	curl_url_cleanup(u);
	return fault;
}

static tr_value check_grant(const exchange *x)
{
	tr_value host = x->request.host;
	tr_value fault = tr_is(host, TR_STRING) ? check_host(tr_as_cstr(host, ""), x->config)
						: check_url(x->request.url, x->config, 0);
	tr_value given = tr_map_get_s(x->config, "proxy");
	bool own = tr_as_str(x->request.proxy).n > 0 && !tr_equal(given, x->request.proxy);

	/* The operator's proxy is the operator's choice; a task's is a host like any other. */
	return tr_is_valid(fault) || !own ? fault : check_url(x->request.proxy, x->config, CURLU_GUESS_SCHEME);
}

/* One request and its response. Absent when x->transfer has it, else an outcome. */
static tr_value perform(exchange *x, int64_t deadline)
{
	tr_err err;
	tr_value fault = check_grant(x);

	if (tr_is_valid(fault))
		return fault;
	http_client *client = http_client_of(tr_here(), &err);
	if (client == NULL)
		return tr_outcome_error("busy", true, "http cannot start: %s", tr_err_text(err));
	x->transfer = http_transfer_new(client, &x->request, deadline);
	if (x->transfer == NULL)
		return tr_outcome_error("busy", true, "http cannot send the request: out of memory");
	x->transfer->link_local = tr_plugin_granted("net:link-local");
	err = http_transfer_run(x->transfer);
	if (err == TR_OK && !(is_redirect(x->transfer) && x->request.redirects_left > 0))
		err = http_spool_end(x->transfer, x->context);
	if (err != TR_OK)
		return tr_outcome_error("busy", true, "http cannot send the request, or store what it gave: %s",
					tr_err_text(err));
	return tr_absent();
}

static tr_value exchange_run(exchange *x, int64_t deadline)
{
	for (;;) {
		tr_value fault = perform(x, deadline);
		if (tr_is_valid(fault))
			return fault;
		bool again = redirect(x);
		bool spent = !again && x->request.redirects > 0 && is_redirect(x->transfer);
		tr_value outcome = again ? tr_absent() : spent ? too_many(x) : http_answer(&x->request, x->transfer);
		http_transfer_free(x->transfer);
		x->transfer = NULL;
		if (!again)
			return outcome;
	}
}

/* A request that changes something says which one it is, so that a server can tell that it was sent twice; a task's own
 * header wins. */
static bool say_which(http_request *r, tr_value command)
{
	static const char *const safe[] = {"GET", "HEAD", "OPTIONS", "TRACE"};
	tr_value key = TR_GET(command, "context", "idempotency_key");

	for (size_t i = 0; i < sizeof safe / sizeof safe[0]; i++)
		if (strcmp(r->method, safe[i]) == 0)
			return true;
	if (!tr_is(key, TR_STRING) || http_header_has(r, "Idempotency-Key"))
		return true;
	return http_header_add(&r->headers, tr_s("Idempotency-Key"), tr_as_str(key));
}

static tr_value http_run(tr_value config, tr_pid plugin, tr_value command)
{
	exchange *x = tr_alloc(sizeof(*x));

	(void)plugin;
	if (x == NULL || tr_own(x, exchange_end) != TR_OK)
		return tr_invalid(TR_ENOMEM);
	x->config = config;
	x->context = tr_map_get_s(command, "context");
	tr_value fault =
	    http_request_read(&x->request, config, tr_map_get_s(command, "input"), tr_command_deadline(command));
	if (tr_is_valid(fault))
		return fault;
	if (!say_which(&x->request, command))
		return tr_outcome_error("input", false, "http: the task's idempotency key cannot stand in a header");
	return exchange_run(x, tr_command_deadline(command));
}

static tr_err http_init(void *state, tr_value config, tr_value *reason)
{
	static const char *const lists[] = {"allow", "deny"};

	(void)state;
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		tr_value wrong = address_list_fault(tr_map_get_s(config, lists[i]));
		if (!tr_is_valid(wrong))
			continue;
		*reason = tr_stringf("http: the setting %s: \"%s\" is no host, address or network such as 10.0.0.0/8",
				     lists[i], tr_as_cstr(wrong, "?"));
		return TR_EINVAL;
	}
	return TR_OK;
}

static tr_err http_start(void *state, tr_value *reason)
{
	tr_err err;

	(void)state;
	if (http_client_of(tr_here(), &err) == NULL) {
		*reason = tr_string("http needs the node's reactor, which does not start");
		return err;
	}
	return TR_OK;
}

const tr_plugin http_plugin = {TR_PLUGIN_HEAD, .init = http_init, .start = http_start, .run = http_run};
