// SPDX-License-Identifier: Apache-2.0
// Messages, calls and timers. The measuring one is an event-based actor too, except where it only waits for the end.
#include "bench.hpp"

#include <atomic>
#include <vector>

using namespace caf;

static void done(scoped_actor &self, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		self->receive([](int64_t) {});
}

static behavior forward(event_based_actor *self, actor to)
{
	return {[self, to](int64_t v) { self->send(to, v); }};
}

// Sends the first message, then answers each until `left` have come.
static behavior counting(event_based_actor *self, actor to, actor owner, int64_t left)
{
	self->send(to, left);
	return {[=](int64_t v) mutable {
		if (--left == 0)
			self->send(owner, v);
		else
			self->send(to, v);
	}};
}

// The other end learns its peer with the first message.
static behavior pong(event_based_actor *self)
{
	return {[self](int64_t v) { self->send(actor_cast<actor>(self->current_sender()), v); }};
}

void ping_pong(actor_system &system)
{
	scoped_actor self{system};
	int64_t n = scaled(4000000);
	auto other = system.spawn(pong);
	auto t = bench_clock::now();
	system.spawn(counting, other, actor_cast<actor>(self), n);
	done(self, 1);
	report("ping_pong", since(t) / static_cast<double>(2 * n), "ns/message");
}

// One link of the ring: passes on what comes, until told its next.
static behavior ring_head(event_based_actor *self, int64_t size, int64_t rounds, actor owner)
{
	actor next = self;
	for (int64_t i = 0; i < size - 1; i++)
		next = self->spawn(forward, next);
	self->send(next, rounds);
	return {[=](int64_t v) {
		if (v == 0)
			self->send(owner, v);
		else
			self->send(next, v - 1);
	}};
}

void ring(actor_system &system)
{
	const int64_t size = 503;
	int64_t rounds = scaled(10000);
	scoped_actor self{system};
	auto t = bench_clock::now();
	system.spawn(ring_head, size, rounds, actor_cast<actor>(self));
	done(self, 1);
	report("ring", since(t) / static_cast<double>(rounds * size), "ns/hop");
}

static behavior sink(event_based_actor *self, int64_t left, actor owner)
{
	return {[=](int64_t v) mutable {
		if (--left == 0)
			self->send(owner, v);
	}};
}

void fan_in(actor_system &system)
{
	int64_t each = scaled(100000), n = each * 100;
	scoped_actor self{system};
	auto t = bench_clock::now();
	auto to = system.spawn(sink, n, actor_cast<actor>(self));
	for (int i = 0; i < 100; i++)
		system.spawn([=](event_based_actor *source) {
			for (int64_t k = 0; k < each; k++)
				source->send(to, k);
		});
	done(self, 1);
	report("fan_in", static_cast<double>(n) * 1e3 / since(t), "M messages/s");
}

static std::vector<actor> all;

static behavior one_of_all(event_based_actor *self, actor owner)
{
	auto left = static_cast<int64_t>(1000);
	return {[=](int32_t) {
			for (auto &to : all)
				self->send(to, static_cast<int64_t>(1));
		},
		[=](int64_t v) mutable {
			if (--left == 0)
				self->send(owner, v);
		}};
}

void all_to_all(actor_system &system)
{
	scoped_actor self{system};
	for (int i = 0; i < 1000; i++)
		all.push_back(system.spawn(one_of_all, actor_cast<actor>(self)));
	auto t = bench_clock::now();
	for (auto &to : all)
		self->send(to, static_cast<int32_t>(0));
	done(self, 1000);
	report("all_to_all", since(t) / 1e9, "s");
}

// ---- calls

static behavior server(event_based_actor *)
{
	return {[](int32_t v) { return v; }};
}

template <class Limit> static void ask_again(event_based_actor *self, actor to, actor owner, int64_t left, Limit limit)
{
	self->request(to, limit, static_cast<int32_t>(left)).then([=](int32_t) {
		if (left > 1)
			ask_again(self, to, owner, left - 1, limit);
		else
			self->send(owner, left);
	});
}

template <class Limit> static void ask_many(actor_system &system, int64_t clients, int64_t each, Limit limit)
{
	scoped_actor self{system};
	auto to = system.spawn(server);
	auto owner = actor_cast<actor>(self);
	for (int64_t i = 0; i < clients; i++)
		system.spawn([=](event_based_actor *client) { ask_again(client, to, owner, each, limit); });
	done(self, clients);
}

void call(actor_system &system)
{
	int64_t n = scaled(1000000);
	auto t = bench_clock::now();
	ask_many(system, 1, n, infinite);
	report("call", since(t) / static_cast<double>(n), "ns/call");
	t = bench_clock::now();
	ask_many(system, 1, n, std::chrono::seconds(5));
	report("call_with_deadline", since(t) / static_cast<double>(n), "ns/call");
}

void clients(actor_system &system)
{
	int64_t each = scaled(50000);
	auto t = bench_clock::now();
	ask_many(system, 64, each, infinite);
	report("clients_64", static_cast<double>(each * 64) * 1e6 / since(t), "k calls/s");
}

// ---- timers

void timers(actor_system &system)
{
	int64_t n = scaled(1000000);
	scoped_actor self{system};
	double cpu = cpu_seconds();
	auto owner = actor_cast<actor>(self);
	auto to = system.spawn(sink, n, owner);
	auto t = bench_clock::now();
	system.spawn([=](event_based_actor *armer) {
		for (int64_t i = 0; i < n; i++)
			armer->delayed_send(to, std::chrono::milliseconds(1000 + i * 7919 % 1000), i);
		armer->send(owner, n);
	});
	done(self, 1);
	report("timers_arm", since(t) / 1e9, "s");
	done(self, 1);
	report("timers_cpu", cpu_seconds() - cpu, "CPU s");
}
