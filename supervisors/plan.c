/* SPDX-License-Identifier: Apache-2.0 */
/* Child specs and supervisor specs as values. */
#include "supervisors/plan.h"

#include <string.h>

#define WORKER_SHUTDOWN (5 * TR_SECOND)
#define PERIOD_DEFAULT  (5 * TR_SECOND)

static char *copy_text(const char *z)
{
	size_t n = strlen(z) + 1;
	char *copy = tr_alloc(n);

	if (copy != NULL)
		memcpy(copy, z, n);
	return copy;
}

/* Where a copy of the name in a registry is kept; NULL when there is none. */
static const tr_via *keep_via(tr_via *kept, const tr_via *via)
{
	kept->name = tr_absent();
	if (via == NULL)
		return NULL;
	*kept = (tr_via){via->registry, tr_keep(via->name)};
	return kept;
}

static void plan_fini(struct plan *plan)
{
	tr_drop(plan->spec.arg);
	tr_drop(plan->via.name);
	tr_free(plan->id);
	tr_free(plan->name);
}

/* Takes spec->arg in any case; the plan is zeroed. */
static tr_err plan_init(struct plan *plan, const tr_child_spec *spec)
{
	plan->spec = *spec;
	plan->id = copy_text(spec->id != NULL ? spec->id : "");
	plan->name = spec->name != NULL ? copy_text(spec->name) : NULL;
	plan->spec.id = plan->id;
	plan->spec.name = plan->name;
	plan->spec.via = keep_via(&plan->via, spec->via);
	if (plan->spec.shutdown_ns == 0)
		plan->spec.shutdown_ns = spec->type == TR_SUPERVISOR ? TR_SHUTDOWN_INFINITY : WORKER_SHUTDOWN;
	if (plan->id == NULL || (spec->name != NULL && plan->name == NULL))
		return TR_ENOMEM;
	if (!tr_is_valid(spec->arg) && tr_value_err(spec->arg) != TR_OK)
		return tr_value_err(spec->arg);
	if ((spec->start != NULL) + (spec->server != NULL) + (spec->body != NULL) != 1)
		return TR_EINVAL;
	if (spec->via != NULL && spec->server == NULL)
		return TR_EINVAL;
	return TR_OK;
}

static void plan_destroy(void *data)
{
	plan_fini(data);
	tr_free(data);
}

static const tr_class plan_class = {"child_spec", plan_destroy};

tr_value plan_value(const tr_child_spec *spec)
{
	struct plan *plan = tr_alloc(sizeof(*plan));

	if (plan == NULL) {
		tr_drop(spec->arg);
		return tr_invalid(TR_ENOMEM);
	}
	tr_err err = plan_init(plan, spec);
	if (err != TR_OK) {
		plan_destroy(plan);
		return tr_invalid(err);
	}
	return tr_object(&plan_class, plan);
}

const struct plan *plan_of(tr_value v)
{
	return tr_as_object(v, &plan_class);
}

static void tree_destroy(void *data)
{
	struct tree *tree = data;

	for (size_t i = 0; i < tree->plan_count; i++)
		plan_fini(&tree->plans[i]);
	tr_free(tree->plans);
	tr_drop(tree->via.name);
	tr_free(tree->name);
	tr_free(tree);
}

static const tr_class tree_class = {"supervisor_spec", tree_destroy};

/* Takes the args of the children from `from` on. */
static void drop_args(const tr_supervisor_spec *spec, size_t from)
{
	for (size_t i = from; i < spec->child_count; i++)
		tr_drop(spec->children[i].arg);
}

static tr_err tree_init(struct tree *tree, const tr_supervisor_spec *spec)
{
	tr_err err = TR_OK;

	tree->spec = *spec;
	tree->spec.children = NULL;
	if (tree->spec.period_ns <= 0)
		tree->spec.period_ns = PERIOD_DEFAULT;
	if (spec->child_count > 0)
		tree->plans = tr_alloc(spec->child_count * sizeof(*tree->plans));
	if (spec->name != NULL)
		tree->name = copy_text(spec->name);
	tree->spec.name = tree->name;
	tree->spec.via = keep_via(&tree->via, spec->via);
	if ((spec->child_count > 0 && tree->plans == NULL) || (spec->name != NULL && tree->name == NULL)) {
		drop_args(spec, 0);
		return TR_ENOMEM;
	}
	while (tree->plan_count < spec->child_count) {
		size_t i = tree->plan_count++;
		tr_err bad = plan_init(&tree->plans[i], &spec->children[i]);
		if (err == TR_OK)
			err = bad;
	}
	if (spec->strategy == TR_SIMPLE_ONE_FOR_ONE && spec->child_count != 1)
		return TR_EINVAL;
	return err;
}

tr_value tree_value(const tr_supervisor_spec *spec)
{
	struct tree *tree = tr_alloc(sizeof(*tree));

	if (tree == NULL) {
		drop_args(spec, 0);
		return tr_invalid(TR_ENOMEM);
	}
	tr_err err = tree_init(tree, spec);
	if (err != TR_OK) {
		tree_destroy(tree);
		return tr_invalid(err);
	}
	return tr_object(&tree_class, tree);
}

const struct tree *tree_of(tr_value v)
{
	return tr_as_object(v, &tree_class);
}

/* OTP's reason: a significant child does not go with this. */
static tr_value bad_combination(const char *what, tr_value value)
{
	return TR_LIST(tr_atom("bad_combination"),
		       TR_LIST(TR_LIST(tr_atom(what), value), TR_LIST(tr_atom("significant"), tr_bool(true))));
}

tr_value plan_refusal(const struct tree *tree, const struct plan *plan)
{
	const tr_child_spec *spec = &plan->spec;

	if (tree->spec.strategy != TR_SIMPLE_ONE_FOR_ONE && plan->id[0] == '\0')
		return TR_LIST(tr_atom("invalid_id"), tr_string(plan->id));
	if (spec->significant && tree->spec.auto_shutdown == TR_AUTO_NEVER)
		return bad_combination("auto_shutdown", tr_atom("never"));
	if (spec->significant && spec->restart == TR_PERMANENT)
		return bad_combination("restart", TR_A(permanent));
	return tr_absent();
}

tr_value tr_supervisor_arg(const tr_supervisor_spec *spec)
{
	return tree_value(spec);
}
