/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/engine/bench.h"
void bench_append(void) {}
