/* SPDX-License-Identifier: Apache-2.0 */
/** From a request to libcurl's options. */
#ifndef TROUPE_PLUGINS_ACTIONS_HTTP_SETUP_H
#define TROUPE_PLUGINS_ACTIONS_HTTP_SETUP_H

#include "plugins/actions/http/transfer.h"

/** Set the transfer's handle up for r. False without memory. */
bool http_setup(http_transfer *t, const http_request *r, int64_t deadline);

#endif
