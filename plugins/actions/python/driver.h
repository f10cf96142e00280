/* SPDX-License-Identifier: Apache-2.0 */
/** driver.py as bytes; generated when the program is built (cmake/embed.cmake). */
#ifndef TROUPE_PLUGINS_ACTIONS_PYTHON_DRIVER_H
#define TROUPE_PLUGINS_ACTIONS_PYTHON_DRIVER_H

#include <stddef.h>

extern const char python_driver[];
extern const size_t python_driver_size;

#endif
