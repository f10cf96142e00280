/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Grants: what a plugin may do is what its manifest needs and the operator granted. Names: "net" (every host),
 * "net:<host>", "net:link-local" (addresses of this link only, where cloud metadata services live; not part of "net"),
 * "exec", "fs:<path>" (the folder and what is below), "secret:<NAME>", "call:<plugin>"; a grant that ends in ":*"
 * covers the whole kind, "*" everything. Pure functions.
 */
#ifndef TROUPE_PLUGINS_HOST_GRANTS_H
#define TROUPE_PLUGINS_HOST_GRANTS_H

#include <troupe/value.h>

/** Is it a grant's name at all? */
bool grant_valid(tr_str grant);
/** Does `held` cover `wanted`? */
bool grant_covers(tr_str held, tr_str wanted);
/** Does any of an array of grants cover it? */
bool grants_cover(tr_value list, tr_str wanted);
/** What of `needs` the operator's list covers, plus what the operator's list holds below a need ("fs:/data" for the
 * need "fs:*"). Fresh array. */
tr_value grants_effective(tr_value needs, tr_value granted);
/** What of `needs` is not covered. Fresh array. */
tr_value grants_missing(tr_value needs, tr_value granted);

#endif
