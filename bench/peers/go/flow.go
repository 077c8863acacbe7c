package main

import (
	"encoding/binary"
	"io"
	"net"
	"syscall"
)

const size = 65536

func throughput(role, path string) part {
	if role == "server" {
		return serve(path, func(conn *net.UnixConn) { confirm(conn, drain) })
	}
	conn := dial(path)
	data := make([]byte, size)
	run := func(operations int) int {
		writeNumber(conn, operations*size)
		for i := 0; i < operations; i++ {
			conn.Write(data)
		}
		return confirmed(conn) / size
	}
	return part{run: run}
}

func pass(role, path string) part {
	if role == "server" {
		return serve(path, func(conn *net.UnixConn) { confirm(conn, takeAll) })
	}
	conn := dial(path)
	rights, data := syscall.UnixRights(openNull()), make([]byte, 1)
	run := func(operations int) int {
		writeNumber(conn, operations)
		for i := 0; i < operations; i++ {
			sendFd(conn, data, rights)
		}
		return confirmed(conn)
	}
	return part{run: run}
}

// confirm takes what each announcement promises and answers with how much came.
func confirm(conn *net.UnixConn, take func(*net.UnixConn, int) int) {
	header := make([]byte, 8)
	for {
		if _, err := io.ReadFull(conn, header); err != nil {
			return
		}
		writeNumber(conn, take(conn, int(binary.LittleEndian.Uint64(header))))
	}
}

func confirmed(conn *net.UnixConn) int {
	answer := make([]byte, 8)
	must(io.ReadFull(conn, answer))
	return int(binary.LittleEndian.Uint64(answer))
}

func drain(conn *net.UnixConn, total int) int {
	buffer := make([]byte, size)
	seen := 0
	for seen < total {
		n, err := conn.Read(buffer)
		if err != nil {
			break
		}
		seen += n
	}
	return seen
}

func takeAll(conn *net.UnixConn, total int) int {
	data, control := make([]byte, 1), make([]byte, syscall.CmsgSpace(4))
	right := 0
	for i := 0; i < total; i++ {
		if takeFd(conn, data, control) {
			right++
		}
	}
	return right
}
