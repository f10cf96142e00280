// SPDX-License-Identifier: Apache-2.0

// Lives, timers, and latency under load.
package main

import (
	"math/rand"
	"runtime"
	"sort"
	"sync"
	"syscall"
	"time"
)

func spawnWaves(total, wave int64, name string) {
	t := time.Now()
	var all sync.WaitGroup
	for done := int64(0); done < total; done += wave {
		all.Add(int(wave))
		for i := int64(0); i < wave; i++ {
			box := make(chan int64, 1)
			go func() {
				<-box
				all.Done()
			}()
			box <- i
		}
		all.Wait()
	}
	result(name, float64(total)*1e6/since(t), "k actors/s")
}

func spawn() {
	spawnWaves(scaled(2000000), 1000, "spawn_by_1000")
	spawnWaves(scaled(1000000), scaled(1000000), "spawn_burst")
}

func skynetNode(parent chan int64, number, size int64) {
	if size == 1 {
		parent <- number
		return
	}
	children, sum := make(chan int64, 10), int64(0)
	for i := int64(0); i < 10; i++ {
		go skynetNode(children, number+i*(size/10), size/10)
	}
	for i := 0; i < 10; i++ {
		sum += <-children
	}
	parent <- sum
}

func skynet() {
	root := make(chan int64)
	t := time.Now()
	go skynetNode(root, 0, 1000000)
	<-root
	result("skynet", since(t)/1e9, "s")
	result("skynet_peak", peakMegabytes(), "MB")
}

// A goroutine that waits for its next message, as an actor would.
func idler(box chan int64, state *int64) {
	for v := range box {
		*state += v
	}
}

func idle() {
	n := scaled(1000000)
	boxes := make([]chan int64, n)
	before := residentBytes()
	for i := range boxes {
		boxes[i] = make(chan int64, 1)
		go idler(boxes[i], new(int64))
		boxes[i] <- 1
	}
	time.Sleep(200 * time.Millisecond)
	result("idle", (residentBytes()-before)/float64(n), "bytes")
	runtime.KeepAlive(boxes)
}

func million() {
	n := scaled(1000000)
	t := time.Now()
	boxes := make([]chan int64, n)
	var all sync.WaitGroup
	all.Add(int(n))
	for i := range boxes {
		boxes[i] = make(chan int64, 1)
		go func(box chan int64) {
			idler(box, new(int64))
			all.Done()
		}(boxes[i])
		boxes[i] <- 1
	}
	result("million_made", since(t)/1e9, "s")
	time.Sleep(500 * time.Millisecond)
	result("million_resident", residentBytes()/1048576, "MB")
	t = time.Now()
	for i := range boxes {
		close(boxes[i])
	}
	all.Wait()
	result("million_ended", since(t)/1e9, "s")
}

func timers() {
	n := scaled(1000000)
	fired := make(chan int64, n)
	cpu, t := cpuSeconds(), time.Now()
	for i := int64(0); i < n; i++ {
		v := i
		time.AfterFunc(time.Second+time.Duration(i*7919%1000)*time.Millisecond, func() { fired <- v })
	}
	result("timers_arm", since(t)/1e9, "s")
	for i := int64(0); i < n; i++ {
		<-fired
	}
	result("timers_cpu", cpuSeconds()-cpu, "CPU s")
}

var sink int64

func busy() {
	for {
		for i := 0; i < 20000; i++ {
			if i == -1 {
				sink++
			}
		}
		time.Sleep(200*time.Millisecond + time.Duration(rand.Intn(100))*time.Millisecond)
	}
}

func latency() {
	s, reply := server(), make(chan int64, 1)
	for i := 0; i < 10000; i++ {
		go busy()
	}
	time.Sleep(500 * time.Millisecond)
	length := time.Duration(scaled(5000)) * time.Millisecond
	go func() {
		for until := time.Now().Add(length); time.Now().Before(until); {
		}
	}()
	go func() {
		t := syscall.NsecToTimespec(int64(length))
		syscall.Nanosleep(&t, nil)
	}()
	var took []float64
	for until := time.Now().Add(length); time.Now().Before(until); {
		t := time.Now()
		ask(s, reply, 0)
		took = append(took, since(t))
		time.Sleep(200 * time.Microsecond)
	}
	sort.Float64s(took)
	result("latency_p50", took[len(took)/2]/1e6, "ms")
	result("latency_p99", took[len(took)*99/100]/1e6, "ms")
	result("latency_max", took[len(took)-1]/1e6, "ms")
}
