/* SPDX-License-Identifier: Apache-2.0 */
/* All filters and tests there are. */
#include "playbook/template/filters.h"

const struct native *const filter_tables[] = {text_filters,  list_filters,   select_filters, group_filters,
					      sort_filters,  number_filters, data_filters,   markup_filters,
					      regex_filters, wrap_filters,   urlize_filters, NULL};
const struct native *const test_tables[] = {type_tests, compare_tests, NULL};
