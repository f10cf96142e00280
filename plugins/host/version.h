/* SPDX-License-Identifier: Apache-2.0 */
/** Semantic versions and ranges of them: ">=1.2 <2", "^1.4", "~1.4.2", "1.2.3" (exactly), "*". Pure functions. */
#ifndef TROUPE_PLUGINS_HOST_VERSION_H
#define TROUPE_PLUGINS_HOST_VERSION_H

#include <troupe/base.h>

typedef struct version {
	uint32_t part[3]; /* major, minor, patch */
	char pre[32];     /* pre-release behind '-', without it; empty for a release */
} version;

/** "1.2.3", "1.2" (patch 0), "1.2.3-rc.1", build metadata behind '+' ignored. */
bool version_read(tr_str text, version *out);
/** <0, 0, >0 by semver.org section 11. */
int version_compare(const version *a, const version *b);
bool version_range_valid(tr_str range);
/** Does v lie in the range? A range that is not valid contains nothing. */
bool version_in_range(const version *v, tr_str range);

#endif
