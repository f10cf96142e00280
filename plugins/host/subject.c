/* SPDX-License-Identifier: Apache-2.0 */
/* The actor of a tool kind that bears another name than its plugin: hands messages on to the plugin's desk. */
#include "plugins/host/command.h"
#include "plugins/host/desk.h"
#include "plugins/host/names.h"
#include <stdio.h>

typedef struct subject {
	plugin_host *host;
	char kind[NAME_SIZE];
	char target[NAME_SIZE]; /* empty: nobody answers */
} subject;

static void look(subject *s)
{
	char capability[NAME_SIZE + 8];

	snprintf(capability, sizeof(capability), "tool:%s", s->kind);
	plugin_record *r = plugins_capability(s->host, capability);
	s->target[0] = '\0';
	if (r != NULL)
		name_command(s->target, sizeof(s->target), r->m.id);
	record_release(r);
}

static tr_next subject_init(void *state, tr_value arg)
{
	subject *s = state;

	s->host = host_of(tr_here());
	if (s->host == NULL)
		return tr_next_stop(TR_A(not_found));
	snprintf(s->kind, sizeof(s->kind), "%s", tr_as_cstr(arg, ""));
	look(s);
	return tr_noreply();
}

static tr_next subject_info(void *state, tr_value message)
{
	subject *s = state;
	tr_pid reply_to;
	tr_ref ref;
	tr_value command;

	if (s->target[0] != '\0' && tr_send_name(s->target, tr_keep(message)) == TR_OK)
		return tr_noreply();
	if (command_parse(message, &reply_to, &ref, &command))
		tr_send(reply_to,
			command_answer(ref, tr_outcome_error("no_plugin", true,
							     "no loaded plugin answers for tool kind %s", s->kind)));
	return tr_noreply();
}

static tr_next subject_cast(void *state, tr_value request)
{
	(void)request;
	look(state);
	return tr_noreply();
}

const tr_gen_server subject_server = {
    .name = "tool kind",
    .state_size = sizeof(subject),
    .init = subject_init,
    .handle_cast = subject_cast,
    .handle_info = subject_info,
};
