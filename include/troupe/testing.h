/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Hooks for tests of the library and of programs that use it. A program that calls none of these pays one predictable
 * branch an allocation.
 */
#ifndef TROUPE_TESTING_H
#define TROUPE_TESTING_H

#include <troupe/base.h>

TR_EXTERN_C_BEGIN

/** The n-th allocation from now on this thread (0 is the next one) fails, once; -1 turns it off. */
TR_API void tr_test_fail_alloc(int64_t n);
/** True when the failure asked for has happened since the last tr_test_fail_alloc on this thread. */
TR_API bool tr_test_alloc_failed(void);
/** Blocks allocated and not freed by all threads since the first call of this function, which starts the count. A
 *  block from before that call and freed after it counts -1. Names in the atom table do not count. */
TR_API int64_t tr_test_live_blocks(void);

TR_EXTERN_C_END

#endif
