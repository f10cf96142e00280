/* SPDX-License-Identifier: Apache-2.0 */
/* What the application controller and the masters of applications share. */
#ifndef TROUPE_SUPERVISORS_APPLICATION_H
#define TROUPE_SUPERVISORS_APPLICATION_H

#include <troupe/application.h>

#define CONTROLLER_NAME "application_controller"

/* Start the master of an application, linked to the caller: it starts the tree, tells the caller [start, master, top]
 * or [error, master, reason], and ends when the tree does (with its reason) or when it is sent `stop` (with normal). */
tr_pid master_start(const tr_application *app, tr_value env);

/* A pointer to constant data as a value. */
tr_value application_value(const tr_application *app);
const tr_application *application_of(tr_value v);

#endif
