// A peer for interoperability tests: the same commands as peer.py, with Go's net and syscall packages.
package main

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
)

const (
	soPeerPidfd  = 77
	soPassRights = 83
)

var (
	connections = map[string]*net.UnixConn{}
	listeners   = map[string]*net.UnixListener{}
	networks    = map[string]string{"stream": "unix", "seqpacket": "unixpacket", "dgram": "unixgram"}
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func decode(text string) []byte {
	if text == "-" {
		return nil
	}
	data, err := hex.DecodeString(text[1:])
	check(err)
	return data
}

func encode(data []byte) string { return "x" + hex.EncodeToString(data) }

// Go writes abstract names with an "@".
func address(kind, text string) *net.UnixAddr {
	name := decode(text)
	if name == nil {
		return nil
	}
	if len(name) > 0 && name[0] == 0 {
		name[0] = '@'
	}
	return &net.UnixAddr{Name: string(name), Net: networks[kind]}
}

func encodeName(addr net.Addr) string {
	unixAddr, ok := addr.(*net.UnixAddr)
	if !ok || unixAddr == nil || unixAddr.Name == "" || unixAddr.Name == "@" {
		return "-"
	}
	name := []byte(unixAddr.Name)
	if name[0] == '@' {
		name[0] = 0
	}
	return encode(name)
}

func isStream(conn *net.UnixConn) bool { return conn.LocalAddr().Network() == "unix" }

// Run a function on the descriptor of a connection.
func control(name string, f func(fd int) error) {
	raw, err := connections[name].SyscallConn()
	check(err)
	var inner error
	check(raw.Control(func(fd uintptr) { inner = f(int(fd)) }))
	check(inner)
}

func fileWith(content []byte) *os.File {
	file, err := os.CreateTemp("", "peer")
	check(err)
	check(os.Remove(file.Name()))
	_, err = file.Write(content)
	check(err)
	_, err = file.Seek(0, io.SeekStart) // the receiver shares the position
	check(err)
	return file
}

func contentOf(fd int) string {
	file := os.NewFile(uintptr(fd), "received")
	defer file.Close()
	info, err := file.Stat()
	check(err)
	content := make([]byte, info.Size())
	_, err = file.ReadAt(content, 0)
	check(err)
	return encode(content)
}

// WriteMsgUnix refuses a datagram socket that is connected.
func sendMessage(conn *net.UnixConn, data, oob []byte, to *net.UnixAddr) (sent int, err error) {
	if to != nil || conn.LocalAddr().Network() != "unixgram" {
		sent, _, err = conn.WriteMsgUnix(data, oob, to)
		return sent, err
	}
	raw, err := conn.SyscallConn()
	check(err)
	check(raw.Write(func(fd uintptr) bool {
		sent, err = syscall.SendmsgN(int(fd), data, oob, nil, 0)
		return err != syscall.EAGAIN
	}))
	return sent, err
}

func send(name, data, files, credentials, to string) string {
	conn, bytes, oob := connections[name], decode(data), []byte{}
	if credentials != "-" {
		ucred := syscall.Ucred{}
		_, err := fmt.Sscanf(credentials, "%d:%d:%d", &ucred.Pid, &ucred.Uid, &ucred.Gid)
		check(err)
		oob = append(oob, syscall.UnixCredentials(&ucred)...)
	}
	fds := []int{}
	if files != "-" {
		for _, content := range strings.Split(files, ",") {
			file := fileWith(decode(content))
			defer file.Close()
			fds = append(fds, int(file.Fd()))
		}
		oob = append(oob, syscall.UnixRights(fds...)...)
	}
	sent, err := sendMessage(conn, bytes, oob, address("dgram", to))
	check(err)
	if isStream(conn) && sent < len(bytes) {
		more, err := conn.Write(bytes[sent:])
		check(err)
		sent += more
	}
	return strconv.Itoa(sent)
}

func receive(name, size, count string) string {
	conn := connections[name]
	length, err := strconv.Atoi(size)
	check(err)
	files, err := strconv.Atoi(count)
	check(err)
	data, oob := make([]byte, length), make([]byte, syscall.CmsgSpace(files*4)+syscall.CmsgSpace(12))
	filled, flags, from, credentials, contents := 0, 0, "-", "-", []string{}
	for {
		n, oobn, flagged, addr, err := conn.ReadMsgUnix(data[filled:], oob)
		if err != nil && !errors.Is(err, io.EOF) {
			check(err)
		}
		filled, flags, from = filled+n, flagged, "-"
		if addr != nil {
			from = encodeName(addr)
		}
		messages, err := syscall.ParseSocketControlMessage(oob[:oobn])
		check(err)
		for _, message := range messages {
			if fds, err := syscall.ParseUnixRights(&message); err == nil {
				for _, fd := range fds {
					contents = append(contents, contentOf(fd))
				}
			}
			if ucred, err := syscall.ParseUnixCredentials(&message); err == nil {
				credentials = fmt.Sprintf("%d:%d:%d", ucred.Pid, ucred.Uid, ucred.Gid)
			}
		}
		if !isStream(conn) || filled == length || n == 0 {
			break
		}
	}
	marks := ""
	if flags&syscall.MSG_TRUNC != 0 {
		marks += "T"
	}
	if flags&syscall.MSG_CTRUNC != 0 {
		marks += "C"
	}
	if flags&0x80 != 0 { // MSG_EOR
		marks += "E"
	}
	return strings.Join([]string{
		encode(data[:filled]), from, orDash(marks), credentials, orDash(strings.Join(contents, ",")),
	}, " ")
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

func adopt(name, number string) {
	fd, err := strconv.Atoi(number)
	check(err)
	file := os.NewFile(uintptr(fd), "inherited")
	defer file.Close()
	if listening, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ACCEPTCONN); err == nil && listening != 0 {
		listener, err := net.FileListener(file)
		check(err)
		listeners[name] = listener.(*net.UnixListener)
		return
	}
	conn, err := net.FileConn(file)
	check(err)
	connections[name] = conn.(*net.UnixConn)
}

func closeSocket(name string) {
	if listener, ok := listeners[name]; ok {
		delete(listeners, name)
		check(listener.Close())
		return
	}
	check(connections[name].Close())
	delete(connections, name)
}

func ucredOf(name string) (text string) {
	control(name, func(fd int) error {
		ucred, err := syscall.GetsockoptUcred(fd, syscall.SOL_SOCKET, syscall.SO_PEERCRED)
		if err == nil {
			text = fmt.Sprintf("%d:%d:%d", ucred.Pid, ucred.Uid, ucred.Gid)
		}
		return err
	})
	return text
}

func peerPid(name string) (text string) {
	control(name, func(fd int) error {
		pidfd, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, soPeerPidfd)
		if err != nil {
			return err
		}
		defer syscall.Close(pidfd)
		info, err := os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", pidfd))
		_, rest, _ := strings.Cut(string(info), "Pid:")
		text = strings.Fields(rest)[0]
		return err
	})
	return text
}

func setOption(name string, option, value int) {
	control(name, func(fd int) error {
		return syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, option, value)
	})
}

func run(command string, arg []string) string {
	switch command {
	case "listen":
		listener, err := net.ListenUnix(networks[arg[1]], address(arg[1], arg[2]))
		check(err)
		listeners[arg[0]] = listener
	case "bind":
		conn, err := net.ListenUnixgram("unixgram", address("dgram", arg[1]))
		check(err)
		connections[arg[0]] = conn
	case "connect":
		conn, err := net.DialUnix(networks[arg[1]], address(arg[1], arg[3]), address(arg[1], arg[2]))
		check(err)
		connections[arg[0]] = conn
	case "accept":
		conn, err := listeners[arg[1]].AcceptUnix()
		check(err)
		connections[arg[0]] = conn
	case "adopt":
		adopt(arg[0], arg[1])
	case "send":
		return send(arg[0], arg[1], arg[2], arg[3], arg[4])
	case "receive":
		return receive(arg[0], arg[1], arg[2])
	case "name":
		if listener, ok := listeners[arg[0]]; ok {
			return encodeName(listener.Addr())
		}
		return encodeName(connections[arg[0]].LocalAddr())
	case "peer":
		return encodeName(connections[arg[0]].RemoteAddr())
	case "peercred":
		return ucredOf(arg[0])
	case "peerpid":
		return peerPid(arg[0])
	case "passcred":
		setOption(arg[0], syscall.SO_PASSCRED, 1)
	case "passrights":
		on, err := strconv.Atoi(arg[1])
		check(err)
		setOption(arg[0], soPassRights, on)
	case "urgent":
		control(arg[0], func(fd int) error {
			return syscall.Sendto(fd, decode(arg[1]), syscall.MSG_OOB, nil)
		})
	case "receiveurgent":
		urgent := make([]byte, 1)
		control(arg[0], func(fd int) error {
			_, _, err := syscall.Recvfrom(fd, urgent, syscall.MSG_OOB)
			return err
		})
		return encode(urgent)
	case "shutdown":
		check(connections[arg[0]].CloseWrite())
	case "close":
		closeSocket(arg[0])
	case "chdir":
		check(os.Chdir(string(decode(arg[0]))))
	case "pid":
		return fmt.Sprintf("%d:%d:%d", os.Getpid(), os.Getuid(), os.Getgid())
	case "descriptors":
		open, err := os.ReadDir("/proc/self/fd")
		check(err)
		return strconv.Itoa(len(open) - 1)
	default:
		panic("There is no command " + command)
	}
	return ""
}

var names = map[syscall.Errno]string{
	syscall.EPERM: "EPERM", syscall.EPIPE: "EPIPE", syscall.ECONNREFUSED: "ECONNREFUSED",
	syscall.ECONNRESET: "ECONNRESET", syscall.EADDRINUSE: "EADDRINUSE", syscall.ENOENT: "ENOENT",
	syscall.EPROTOTYPE: "EPROTOTYPE", syscall.EINVAL: "EINVAL", syscall.ENOPROTOOPT: "ENOPROTOOPT",
	syscall.EMSGSIZE: "EMSGSIZE", syscall.EAGAIN: "EAGAIN",
}

func answer(line string) (text string) {
	defer func() {
		if failure := recover(); failure != nil {
			err, ok := failure.(error)
			var errno syscall.Errno
			if !ok || !errors.As(err, &errno) {
				panic(failure)
			}
			text = "error " + names[errno]
		}
	}()
	words := strings.Fields(line)
	return strings.TrimSpace("ok " + run(words[0], words[1:]))
}

func main() {
	input := bufio.NewReader(os.Stdin)
	for {
		line, err := input.ReadString('\n')
		if err != nil {
			return
		}
		fmt.Println(answer(line))
	}
}
