package main

import (
	"encoding/binary"
	"net"
	"os"
	"syscall"
)

func listen(path string) *net.UnixListener {
	return must(net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"}))
}

func dial(path string) *net.UnixConn {
	return must(net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"}))
}

// pair is a connected pair of sockets on the runtime's poller.
func pair(kind int) (*net.UnixConn, *net.UnixConn) {
	fds := must(syscall.Socketpair(syscall.AF_UNIX, kind, 0))
	return adopt(fds[0]), adopt(fds[1])
}

func adopt(fd int) *net.UnixConn {
	file := os.NewFile(uintptr(fd), "socket")
	defer file.Close()
	return must(net.FileConn(file)).(*net.UnixConn)
}

func openNull() int {
	return must(syscall.Open("/dev/null", syscall.O_RDONLY|syscall.O_CLOEXEC, 0))
}

// sendFd sends one byte with one descriptor.
func sendFd(conn *net.UnixConn, data, rights []byte) bool {
	n, oobn, err := conn.WriteMsgUnix(data, rights, nil)
	return err == nil && n == len(data) && oobn == len(rights)
}

// takeFd receives one byte with one descriptor and closes it.
func takeFd(conn *net.UnixConn, data, control []byte) bool {
	_, oobn, _, _, err := conn.ReadMsgUnix(data, control)
	if err != nil {
		return false
	}
	messages, err := syscall.ParseSocketControlMessage(control[:oobn])
	if err != nil || len(messages) != 1 {
		return false
	}
	fds, err := syscall.ParseUnixRights(&messages[0])
	return err == nil && len(fds) == 1 && syscall.Close(fds[0]) == nil
}

// serve hands every connection to handle, in the background.
func serve(path string, handle func(conn *net.UnixConn)) part {
	listener := listen(path)
	go func() {
		for {
			handle(must(listener.AcceptUnix()))
		}
	}()
	return part{}
}

func writeNumber(conn *net.UnixConn, number int) {
	must(conn.Write(binary.LittleEndian.AppendUint64(nil, uint64(number))))
}
