/* SPDX-License-Identifier: Apache-2.0 */
/* Answers lines of templates on its standard input; the differential test talks to it. */
#include "playbook/template/eval_cli.h"

int main(void)
{
	return template_eval_batch(stdin, stdout);
}
