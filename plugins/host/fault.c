/* SPDX-License-Identifier: Apache-2.0 */
/* Collecting faults; more than FAULTS_MAX of them help nobody. */
#include "plugins/host/fault.h"
#include <stdio.h>

#define FAULTS_MAX 100u

void faults_init(fault_list *f)
{
	f->list = tr_array();
}

void faults_add(fault_list *f, const char *path, const char *fmt, ...)
{
	char text[600];
	va_list args;

	if (tr_array_len(f->list) >= FAULTS_MAX)
		return;
	int n = snprintf(text, sizeof(text), "%s: ", path);
	size_t at = n < 0 ? 0 : (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1;
	va_start(args, fmt);
	vsnprintf(text + at, sizeof(text) - at, fmt, args);
	va_end(args);
	f->list = tr_array_push(f->list, tr_string_lossy(text, tr_s(text).n));
}

bool faults_any(const fault_list *f)
{
	return tr_array_len(f->list) > 0 || !tr_is_valid(f->list);
}
