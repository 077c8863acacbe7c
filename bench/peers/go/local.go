package main

import (
	"net"
	"syscall"
)

func connect(_, path string) part {
	listener := listen(path)
	run := func(operations int) int {
		right := 0
		for i := 0; i < operations; i++ {
			client := dial(path)
			server := must(listener.AcceptUnix())
			if client.Close() == nil && server.Close() == nil {
				right++
			}
		}
		return right
	}
	return part{run: run}
}

func datagrams(_, path string) part {
	name := &net.UnixAddr{Name: path, Net: "unixgram"}
	receiver := must(net.ListenUnixgram("unixgram", name))
	sender := must(net.DialUnix("unixgram", nil, name))
	return part{run: func(operations int) int { return flow(sender, receiver, operations) }}
}

func seqpacket(_, _ string) part {
	sender, receiver := pair(syscall.SOCK_SEQPACKET)
	return part{run: func(operations int) int { return flow(sender, receiver, operations) }}
}

// flow sends in one goroutine and receives in the other, as a program with two tasks does.
func flow(sender, receiver *net.UnixConn, operations int) int {
	go func() {
		data := make([]byte, 512)
		for i := 0; i < operations; i++ {
			data[0] = byte(i)
			sender.Write(data)
		}
	}()
	return receiveAll(receiver, 512, operations)
}

func receiveAll(receiver *net.UnixConn, size, operations int) int {
	buffer := make([]byte, size)
	right := 0
	for i := 0; i < operations; i++ {
		n, err := receiver.Read(buffer)
		if err == nil && n == size && buffer[0] == byte(i) {
			right++
		}
	}
	return right
}

func alternate(a, b *net.UnixConn, size, operations int) int {
	sent, received := make([]byte, size), make([]byte, size)
	right := 0
	for i := 0; i < operations; i++ {
		sent[0] = byte(i)
		a.Write(sent)
		n, err := b.Read(received)
		if err == nil && n == size && received[0] == byte(i) {
			right++
		}
	}
	return right
}
