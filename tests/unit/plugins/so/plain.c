/* SPDX-License-Identifier: Apache-2.0 */
/* A shared object that is no plugin. */
__attribute__((visibility("default"))) extern const int just_data;
const int just_data = 1;
