// SPDX-License-Identifier: Apache-2.0
// The kernel's benchmarks with CAF's event-based actors on two workers: bench_caf [--quick] NAME.
#include "bench.hpp"

#include <cstdio>
#include <cstring>
#include <map>
#include <sys/resource.h>
#include <unistd.h>

static int64_t divisor = 1;

void report(const char *bench, double value, const char *unit)
{
	std::printf("{\"bench\":\"%s\",\"subject\":\"caf\",\"value\":%.6g,\"unit\":\"%s\"}\n", bench, value, unit);
	std::fflush(stdout);
}

int64_t scaled(int64_t n)
{
	return n / divisor > 0 ? n / divisor : 1;
}

double since(bench_clock::time_point t)
{
	return static_cast<double>(std::chrono::nanoseconds(bench_clock::now() - t).count());
}

static rusage usage()
{
	rusage u;
	getrusage(RUSAGE_SELF, &u);
	return u;
}

double cpu_seconds()
{
	rusage u = usage();
	return static_cast<double>(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       static_cast<double>(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

double peak_megabytes()
{
	return static_cast<double>(usage().ru_maxrss) / 1024;
}

double resident_bytes()
{
	long pages = 0, resident = 0;
	if (FILE *f = std::fopen("/proc/self/statm", "re")) {
		if (std::fscanf(f, "%ld %ld", &pages, &resident) != 2)
			resident = 0;
		std::fclose(f);
	}
	return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

int main(int argc, char **argv)
{
	const std::map<std::string, void (*)(caf::actor_system &)> benches = {
	    {"ping_pong", ping_pong}, {"ring", ring},       {"fan_in", fan_in}, {"all_to_all", all_to_all},
	    {"spawn", spawn},         {"skynet", skynet},   {"idle", idle},     {"million", million},
	    {"call", call},           {"clients", clients}, {"timers", timers}, {"latency", latency}};
	caf::actor_system_config config;
	config.set("scheduler.max-threads", 2);
	caf::actor_system system{config};
	for (int i = 1; i < argc; i++) {
		if (std::strcmp(argv[i], "--quick") == 0)
			divisor = 5;
		else if (auto found = benches.find(argv[i]); found != benches.end())
			found->second(system);
	}
	std::fflush(stdout);
	_exit(0); // what still lives need not be taken down one by one
}
