// SPDX-License-Identifier: Apache-2.0

// Messages and calls.
package main

import "time"

const mailbox = 128

func pingPong() {
	n := scaled(4000000)
	ping, pong := make(chan int64, mailbox), make(chan int64, mailbox)
	go func() {
		for v := range ping {
			pong <- v
		}
	}()
	t := time.Now()
	for i := int64(0); i < n; i++ {
		ping <- i
		<-pong
	}
	result("ping_pong", since(t)/float64(2*n), "ns/message")
}

func ring() {
	const size = 503
	rounds := scaled(10000)
	first := make(chan int64, mailbox)
	in := first
	for i := 0; i < size-1; i++ {
		out := make(chan int64, mailbox)
		go func(in, out chan int64) {
			for v := range in {
				out <- v
			}
		}(in, out)
		in = out
	}
	first <- 0
	<-in
	t := time.Now()
	for i := int64(0); i < rounds; i++ {
		first <- i
		<-in
	}
	result("ring", since(t)/float64(rounds*size), "ns/hop")
}

func fanIn() {
	each := scaled(100000)
	n := each * 100
	sink := make(chan int64, 1024)
	t := time.Now()
	for i := 0; i < 100; i++ {
		go func() {
			for i := int64(0); i < each; i++ {
				sink <- i
			}
		}()
	}
	for i := int64(0); i < n; i++ {
		<-sink
	}
	result("fan_in", float64(n)*1e3/since(t), "M messages/s")
}

func allToAll() {
	const all = 1000
	var boxes [all]chan int64
	start, done := make(chan bool), make(chan bool, all)
	for i := range boxes {
		boxes[i] = make(chan int64, all)
	}
	for i := range boxes {
		go func(box chan int64) {
			<-start
			for i := range boxes {
				boxes[i] <- int64(i)
			}
			for range boxes {
				<-box
			}
			done <- true
		}(boxes[i])
	}
	time.Sleep(10 * time.Millisecond)
	t := time.Now()
	close(start)
	for range boxes {
		<-done
	}
	result("all_to_all", since(t)/1e9, "s")
}

type request struct {
	value int64
	reply chan int64
}

func server() chan request {
	in := make(chan request, mailbox)
	go func() {
		for r := range in {
			r.reply <- r.value
		}
	}()
	return in
}

func ask(s chan request, reply chan int64, v int64) int64 {
	s <- request{v, reply}
	return <-reply
}

func call() {
	n := scaled(1000000)
	s, reply := server(), make(chan int64, 1)
	t := time.Now()
	for i := int64(0); i < n; i++ {
		ask(s, reply, i)
	}
	result("call", since(t)/float64(n), "ns/call")
	t = time.Now()
	timer := time.NewTimer(5 * time.Second)
	for i := int64(0); i < n; i++ {
		timer.Reset(5 * time.Second)
		s <- request{i, reply}
		select {
		case <-reply:
		case <-timer.C:
		}
	}
	result("call_with_deadline", since(t)/float64(n), "ns/call")
}

func clients() {
	each := scaled(50000)
	s, done := server(), make(chan bool)
	t := time.Now()
	for i := 0; i < 64; i++ {
		go func() {
			reply := make(chan int64, 1)
			for i := int64(0); i < each; i++ {
				ask(s, reply, i)
			}
			done <- true
		}()
	}
	for i := 0; i < 64; i++ {
		<-done
	}
	result("clients_64", float64(each*64)*1e6/since(t), "k calls/s")
}
