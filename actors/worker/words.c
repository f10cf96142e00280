/* SPDX-License-Identifier: Apache-2.0 */
/** The texts that all step runs of a playbook say again and again. */
#include "actors/worker/words.h"

#include "runtime/value/key.h"

static tr_value text(tr_str s)
{
	return key_text(s);
}

static tr_value shape(const char *const *keys)
{
	tr_value map = tr_map_with(8);
	for (; *keys != NULL; keys++)
		map = tr_map_put_s(map, *keys, tr_nil());
	return map;
}
#define SHAPE(...) shape((const char *const[]){__VA_ARGS__, NULL})

static void words_destroy(void *data)
{
	words *w = data;
	tr_value *values[] = {&w->path,          &w->done,          &w->success,       &w->error,
			      &w->file,          &w->directives[0], &w->directives[1], &w->directives[2],
			      &w->directives[3], &w->directives[4], &w->workbook};
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
		tr_clear(values[i]);
	for (size_t i = 0; w->steps != NULL && i < w->step_count; i++)
		tr_drop(w->steps[i].name);
	for (size_t i = 0; w->texts != NULL && i < 2 * w->task_count; i++)
		tr_drop(w->texts[i]);
	tr_free((void *)(uintptr_t)w->steps);
	tr_free(w->texts);
	tr_free(w);
}

static const tr_class words_class = {"words", words_destroy};

static void make_common(words *w)
{
	static const char *const directives[] = {"continue", "retry", "jump", "break", "fail"};
	for (size_t i = 0; i < 5; i++)
		w->directives[i] = tr_word(directives[i]);
	w->done = SHAPE("status", "result");
	w->success = tr_word("success");
	w->error = tr_word("error");
}

/* For the end of another playbook. */
static bool may_wait(const playbook *book, tr_str kind)
{
	bool named = tr_str_is(kind, "workbook");
	for (size_t i = 0; named && i < book->workbook_count; i++)
		if (tr_str_is(book->workbook[i].task.kind, "playbook"))
			return true;
	return tr_str_is(kind, "playbook");
}

static bool make_texts(words *w, const playbook *book)
{
	size_t tasks = 0, at = 0;
	for (size_t i = 0; i < book->step_count; i++)
		tasks += book->steps[i].task_count;
	w->task_count = tasks;
	step_words *steps = tr_alloc((book->step_count + 1) * sizeof *steps);
	w->texts = tr_alloc((2 * tasks + 1) * sizeof *w->texts);
	w->steps = steps;
	if (steps == NULL || w->texts == NULL)
		return false;
	w->step_count = book->step_count;
	for (size_t i = 0; i < book->step_count; i++) {
		const pb_step *step = &book->steps[i];
		steps[i].name = text(step->name);
		steps[i].first = at;
		steps[i].waits = false;
		steps[i].labels = w->texts + at;
		steps[i].kinds = w->texts + tasks + at;
		steps[i].plain = !step->result.present;
		for (size_t k = 0; k < step->task_count; k++, at++) {
			steps[i].waits = steps[i].waits || may_wait(book, step->tasks[k].kind);
			steps[i].plain = steps[i].plain && !step->tasks[k].result.present;
			w->texts[at] = text(step->tasks[k].label);
			w->texts[tasks + at] = text(step->tasks[k].kind);
		}
	}
	return true;
}

static tr_value workbook_of(const playbook *book)
{
	tr_value entries = tr_map();
	for (size_t i = 0; i < book->workbook_count; i++)
		entries = tr_map_put(entries, text(book->workbook[i].name), text(book->workbook[i].task.kind));
	return entries;
}

tr_value words_new(const playbook *book)
{
	words *w = tr_alloc(sizeof *w);
	if (w == NULL)
		return tr_invalid(TR_ENOMEM);
	make_common(w);
	w->path = text(book->path.n > 0 ? book->path : book->name);
	w->workbook = workbook_of(book);
	w->file = tr_string(book->file != NULL ? book->file : "");
	if (!make_texts(w, book)) {
		words_destroy(w);
		return tr_invalid(TR_ENOMEM);
	}
	return tr_object(&words_class, w);
}

const tr_value *words_kinds(const words *w)
{
	return w->texts + w->task_count;
}

const words *words_of(tr_value object)
{
	return tr_as_object(object, &words_class);
}
