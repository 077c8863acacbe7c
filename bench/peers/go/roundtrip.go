package main

import (
	"io"
	"net"
	"syscall"
)

func roundtrip(role, path string) part {
	if role == "server" {
		return serve(path, echo)
	}
	if role == "client" {
		return pinging(dial(path))
	}
	client, server := pair(syscall.SOCK_STREAM)
	go echo(server)
	return pinging(client)
}

func idle(_, path string) part {
	listener := listen(path)
	client, server := pair(syscall.SOCK_STREAM)
	go echo(server)
	part := pinging(client)
	part.idle = func(count int) {
		for i := 0; i < count; i++ {
			conn := must(listener.AcceptUnix())
			go conn.Read(make([]byte, 64))
		}
	}
	return part
}

func echo(conn *net.UnixConn) {
	buffer := make([]byte, 64)
	for {
		if _, err := io.ReadFull(conn, buffer); err != nil {
			return
		}
		conn.Write(buffer)
	}
}

func pinging(conn *net.UnixConn) part {
	run := func(operations int) int {
		sent, received := make([]byte, 64), make([]byte, 64)
		right := 0
		for i := 0; i < operations; i++ {
			sent[0] = byte(i)
			conn.Write(sent)
			if _, err := io.ReadFull(conn, received); err == nil && received[0] == byte(i) {
				right++
			}
		}
		return right
	}
	return part{run: run}
}
