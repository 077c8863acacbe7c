// Programs on Go's net package. Usage: peer-go work role path [variant].
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"time"
)

// A part is what a program does for one work and role; a server has nothing to run.
type part struct {
	run  func(operations int) int
	idle func(count int)
}

var works = map[string]func(role, path string) part{
	"pass-sync":  passSync,
	"small-sync": smallSync,
	"roundtrip":  roundtrip,
	"throughput": throughput,
	"connect":    connect,
	"pass":       pass,
	"datagrams":  datagrams,
	"seqpacket":  seqpacket,
	"idle":       idle,
}

func main() {
	setup, found := works[os.Args[1]]
	if !found {
		say(map[string]any{"cannot": fmt.Sprintf("There is no program for %q", os.Args[1])})
		return
	}
	part := setup(os.Args[2], os.Args[3])
	say(map[string]any{"ready": true})
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var command string
		var count int
		fmt.Sscan(lines.Text(), &command, &count)
		start := time.Now()
		done := perform(part, command, count)
		say(map[string]any{"count": done, "wall": time.Since(start).Nanoseconds()})
	}
}

func perform(part part, command string, count int) int {
	switch command {
	case "run":
		return part.run(count)
	case "idle":
		part.idle(count)
	case "settle":
		debug.FreeOSMemory()
	}
	return count
}

func say(value any) {
	if err := json.NewEncoder(os.Stdout).Encode(value); err != nil {
		panic(err)
	}
}

// must stops the program at an error that a bench cannot go on after.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
