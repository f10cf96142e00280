// SPDX-License-Identifier: Apache-2.0
// Lives, and latency under load.
#include "bench.hpp"

#include <algorithm>
#include <thread>
#include <vector>

using namespace caf;
using namespace std::chrono_literals;

static behavior leaf(event_based_actor *self)
{
	return {[self](int64_t) { self->quit(); }};
}

static void waves(actor_system &system, int64_t total, int64_t wave, const char *name)
{
	scoped_actor self{system};
	auto t = bench_clock::now();
	for (int64_t n = 0; n < total; n += wave) {
		for (int64_t i = 0; i < wave; i++)
			self->send(system.spawn(leaf), i);
		// All actors but this one, as await_all_others_done would, without going to sleep.
		while (system.registry().running() > 1)
			std::this_thread::yield();
	}
	report(name, static_cast<double>(total) * 1e6 / since(t), "k actors/s");
}

void spawn(actor_system &system)
{
	waves(system, scaled(2000000), 1000, "spawn_by_1000");
	waves(system, scaled(1000000), scaled(1000000), "spawn_burst");
}

static behavior skynet_node(event_based_actor *self, actor parent, int64_t number, int64_t size)
{
	if (size == 1) {
		self->send(parent, number);
		self->quit();
		return {};
	}
	for (int64_t i = 0; i < 10; i++)
		self->spawn(skynet_node, actor{self}, number + i * (size / 10), size / 10);
	int64_t left = 10, sum = 0;
	return {[=](int64_t v) mutable {
		sum += v;
		if (--left == 0) {
			self->send(parent, sum);
			self->quit();
		}
	}};
}

void skynet(actor_system &system)
{
	scoped_actor self{system};
	auto t = bench_clock::now();
	system.spawn(skynet_node, actor_cast<actor>(self), static_cast<int64_t>(0), static_cast<int64_t>(1000000));
	self->receive([](int64_t) {});
	report("skynet", since(t) / 1e9, "s");
	report("skynet_peak", peak_megabytes(), "MB");
}

struct sum {
	int64_t n = 0;
};

static behavior small(stateful_actor<sum> *self)
{
	return {[self](int64_t v) { self->state.n += v; }, [self](int32_t) { self->quit(); }};
}

void idle(actor_system &system)
{
	int64_t n = scaled(1000000);
	std::vector<actor> alive;
	alive.reserve(static_cast<size_t>(n));
	double before = resident_bytes();
	for (int64_t i = 0; i < n; i++) {
		alive.push_back(system.spawn(small));
		anon_send(alive.back(), static_cast<int64_t>(1));
	}
	std::this_thread::sleep_for(300ms);
	report("idle", (resident_bytes() - before) / static_cast<double>(n), "bytes");
}

void million(actor_system &system)
{
	int64_t n = scaled(1000000);
	std::vector<actor> alive;
	alive.reserve(static_cast<size_t>(n));
	auto t = bench_clock::now();
	for (int64_t i = 0; i < n; i++) {
		alive.push_back(system.spawn(small));
		anon_send(alive.back(), static_cast<int64_t>(1));
	}
	report("million_made", since(t) / 1e9, "s");
	std::this_thread::sleep_for(500ms);
	report("million_resident", resident_bytes() / 1048576, "MB");
	t = bench_clock::now();
	for (auto &a : alive)
		anon_send(a, static_cast<int32_t>(0));
	alive.clear();
	system.await_all_actors_done();
	report("million_ended", since(t) / 1e9, "s");
}

// ---- latency

static behavior busy(event_based_actor *self)
{
	self->send(self, static_cast<int64_t>(0));
	return {[self](int64_t v) {
		for (volatile int i = 0; i < 20000; i++)
			continue;
		self->delayed_send(self, std::chrono::milliseconds(200 + (v * 7919 + self->id()) % 100), v + 1);
	}};
}

static behavior echo(event_based_actor *)
{
	return {[](int32_t v) { return v; }};
}

struct samples {
	std::vector<double> took;
	bench_clock::time_point sent;
};

static behavior sampler(stateful_actor<samples> *self, actor to, bench_clock::time_point until, actor owner)
{
	self->send(self, static_cast<int64_t>(0));
	return {[=](int64_t) {
			self->state.sent = bench_clock::now();
			self->request(to, infinite, static_cast<int32_t>(0)).then([=](int32_t) {
				self->state.took.push_back(since(self->state.sent));
				if (bench_clock::now() < until)
					self->delayed_send(self, 1ms, static_cast<int64_t>(0));
				else
					self->send(owner, static_cast<int64_t>(1));
			});
		},
		[=](int32_t) {
			auto &took = self->state.took;
			std::sort(took.begin(), took.end());
			report("latency_p50", took[took.size() / 2] / 1e6, "ms");
			report("latency_p99", took[took.size() * 99 / 100] / 1e6, "ms");
			report("latency_max", took.back() / 1e6, "ms");
			self->send(owner, static_cast<int64_t>(2));
		}};
}

void latency(actor_system &system)
{
	scoped_actor self{system};
	auto owner = actor_cast<actor>(self);
	auto length = std::chrono::milliseconds(scaled(5000));
	auto to = system.spawn(echo);
	for (int i = 0; i < 10000; i++)
		system.spawn(busy);
	std::this_thread::sleep_for(500ms);
	auto until = bench_clock::now() + length;
	auto asking = system.spawn(sampler, to, until, owner);
	// CAF's way for handlers that do not come back soon: a thread of their own.
	system.spawn<detached>([=](event_based_actor *) {
		while (bench_clock::now() < until)
			continue;
	});
	system.spawn<detached>([=](event_based_actor *) { std::this_thread::sleep_for(length); });
	self->receive([](int64_t) {});
	self->send(asking, static_cast<int32_t>(0));
	self->receive([](int64_t) {});
}
