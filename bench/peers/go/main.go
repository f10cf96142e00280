// SPDX-License-Identifier: Apache-2.0

// The kernel's benchmarks with goroutines and channels: bench_go [--quick] NAME. A mailbox is a buffered channel.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"
)

var divisor int64 = 1

func scaled(n int64) int64 {
	if n/divisor > 0 {
		return n / divisor
	}
	return 1
}

func result(bench string, value float64, unit string) {
	fmt.Printf("{\"bench\":\"%s\",\"subject\":\"go\",\"value\":%.6g,\"unit\":\"%s\"}\n", bench, value, unit)
}

func cpuSeconds() float64 {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
}

func peakMegabytes() float64 {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Maxrss) / 1024
}

func residentBytes() float64 {
	var pages, resident float64
	text, err := os.ReadFile("/proc/self/statm")
	if err == nil {
		fmt.Sscan(string(text), &pages, &resident)
	}
	return resident * float64(os.Getpagesize())
}

func since(t time.Time) float64 {
	return float64(time.Since(t).Nanoseconds())
}

var benches = map[string]func(){
	"ping_pong": pingPong, "ring": ring, "fan_in": fanIn, "all_to_all": allToAll, "spawn": spawn, "skynet": skynet,
	"idle": idle, "call": call, "clients": clients, "timers": timers, "latency": latency, "million": million,
}

func main() {
	for _, name := range os.Args[1:] {
		if strings.HasPrefix(name, "--") {
			divisor = 5
			continue
		}
		if bench, ok := benches[name]; ok {
			runtime.GC()
			bench()
		}
	}
}
