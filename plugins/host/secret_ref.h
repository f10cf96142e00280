/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What stands in place of a secret in events, results and artifacts: {kind: "secret_ref", input}, where `input` is that
 * of the tool kind secrets which gives the secret again. Only the node's redaction makes these. Whoever uses one gets
 * the secret, so one that comes from outside (an answer, a row, a payload) must never get in.
 */
#ifndef TROUPE_HOST_SECRET_REF_H
#define TROUPE_HOST_SECRET_REF_H

#include <troupe/value.h>

bool secret_ref_is(tr_value v);
/** Is one somewhere in v? Its path ("data.items[3].id", bounded) goes to `path`, unless that is NULL. */
bool secret_ref_inside(tr_value v, tr_buf *path);

#endif
