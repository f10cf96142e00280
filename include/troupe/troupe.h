/* SPDX-License-Identifier: Apache-2.0 */
/** All of Troupe. Start reading at value.h and actor.h. (testing.h, for tests, is apart.) */
#ifndef TROUPE_TROUPE_H
#define TROUPE_TROUPE_H

#include <troupe/actor.h>
#include <troupe/application.h>
#include <troupe/base.h>
#include <troupe/codec.h>
#include <troupe/gen_event.h>
#include <troupe/gen_server.h>
#include <troupe/gen_statem.h>
#include <troupe/io.h>
#include <troupe/log.h>
#include <troupe/metrics.h>
#include <troupe/node.h>
#include <troupe/plugin.h>
#include <troupe/pool.h>
#include <troupe/registry.h>
#include <troupe/supervisor.h>
#include <troupe/sys.h>
#include <troupe/system_monitor.h>
#include <troupe/task.h>
#include <troupe/template.h>
#include <troupe/trace.h>
#include <troupe/value.h>

#endif
