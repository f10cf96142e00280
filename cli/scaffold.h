/* SPDX-License-Identifier: Apache-2.0 */
/** The files of cli/scaffold/ as bytes; generated when the program is built (cmake/embed.cmake). */
#ifndef TROUPE_CLI_SCAFFOLD_H
#define TROUPE_CLI_SCAFFOLD_H

#include <stddef.h>

extern const char scaffold_plugin[], scaffold_test[], scaffold_cmake[], scaffold_readme[];
extern const char scaffold_controller[], scaffold_controller_test[];
extern const size_t scaffold_plugin_size, scaffold_test_size, scaffold_cmake_size, scaffold_readme_size;
extern const size_t scaffold_controller_size, scaffold_controller_test_size;

#endif
