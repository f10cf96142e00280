// SPDX-License-Identifier: Apache-2.0
// What the benchmarks with CAF share.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include <caf/all.hpp>

using bench_clock = std::chrono::steady_clock;

void report(const char *bench, double value, const char *unit);
int64_t scaled(int64_t n);
double since(bench_clock::time_point t); // nanoseconds
double cpu_seconds();
double peak_megabytes();
double resident_bytes();

void ping_pong(caf::actor_system &system);
void ring(caf::actor_system &system);
void fan_in(caf::actor_system &system);
void all_to_all(caf::actor_system &system);
void spawn(caf::actor_system &system);
void skynet(caf::actor_system &system);
void idle(caf::actor_system &system);
void million(caf::actor_system &system);
void call(caf::actor_system &system);
void clients(caf::actor_system &system);
void timers(caf::actor_system &system);
void latency(caf::actor_system &system);
